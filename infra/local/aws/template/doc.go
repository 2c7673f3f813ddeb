// Package template reads a synthesized CloudFormation template and resolves what its properties refer to.
//
// It reads the template's JSON and the values of resources that were made already, returns resources in an order in which
// each can be made and properties without any intrinsic function, and never passes over what it does not know: an unknown
// section, function or reference is an error.
package template
