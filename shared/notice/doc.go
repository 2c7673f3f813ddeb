// Package notice reads what an EX Org tells of its changes: audit events, in the EventBridge envelope or without it.
//
// It reads bytes, returns notices or the reason why they can not be understood, and never trusts them: a notice is a hint
// that somebody should look at an object, and it keeps no value that an event carries.
//
// # Shapes
//
//	what arrives                                  where the event's body is
//	EventBridge partner event                     detail.eventBody
//	what a relay takes out of it: the detail      eventBody
//	or the body alone                             the whole
//	a record of the audit query API               the whole (user, client and eventDate in place of userId, clientId, eventTime)
//	an array of any of these                      each (Split)
//
// Each part may be a text that holds JSON: relays quote what they pass on (FACTS X14).
package notice
