// Package exorg reads the EX Org: a small typed client of the Platform API v2 operations that EXCS needs.
//
// It reads users, skills, languages, queues, members, wrap-up codes, sources and the home division over HTTP, paces every call by the shared
// request budget, and returns typed values and errors that carry a model.Code and the API's correlation id.
// It never changes the EX Org (the package write does, and only apply may import it), never repeats a write on its own, and never puts a secret
// or a person's name or address into an error or a log line.
package exorg
