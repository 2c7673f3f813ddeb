// Package widget writes the custom widget of a CloudWatch dashboard that shows how a tenant stands.
//
// It reads an overview that others made, it returns HTML of which every value is escaped and made harmless, and it never
// writes a script, asks for anything from elsewhere, or puts a name into an action. Package answer writes what its buttons
// get to show.
package widget
