// Package console is a page that behaves like a CloudWatch dashboard with one custom widget, in a real browser, for tests:
// it calls the widget's function, takes out what CloudWatch takes out, binds each action to the element before it, asks
// what the action says must be asked, calls the function behind it and shows the answer in a window.
//
// It reads the functions that a test gives it, returns what was called, shown and asked for, and never reaches beyond the
// machine's own loopback.
package console
