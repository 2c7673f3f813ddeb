// Package policy decides by IAM policy documents whether somebody may do something.
//
// It reads policy documents as templates have them and returns a decision with the statements that made it, and which
// statements were never needed. It never guesses: an element, an operator or a form that it does not know is an error.
package policy
