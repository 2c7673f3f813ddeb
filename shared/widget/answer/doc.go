// Package answer writes what a button of the dashboard gets to show: the answer of the function behind it, as HTML.
//
// It reads the text or report that a function answers and the context that CloudWatch sends along, it returns HTML of which
// every text is escaped and made harmless, and it never writes a script or asks for anything from elsewhere. It does
// without html/template, which would make the zips of functions that otherwise need none a third larger; the one way of
// writing a text escapes it.
package answer
