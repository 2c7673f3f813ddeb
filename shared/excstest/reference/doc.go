// Package reference says in the slowest and plainest way what an EX Org must hold for an Engage site under the default
// settings.
//
// It reads a generated site and the twin of an EX Org, returns both as pictures in words that can be compared, and never
// looks at how EXCS decides: it is written from the specification and knows nothing of translate, plan or apply. It covers
// what the generated tiers hold; nasty cases have tests of their own.
package reference
