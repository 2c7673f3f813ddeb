// Package apply makes one EX Org object equal to the desired state of its mapping row: load, observe, diff again, write,
// record.
//
// It reads rows and the EX Org, returns nothing but what it recorded on the row, and never takes a desired state from a
// message. It is the only package that writes to the EX Org.
package apply
