// Package sim plays lives of a tenant that repeat themselves: one seed, one life, byte for byte.
//
// It builds an Engage site in memory, a simulated EX Org and the twins of table and queue, lets a seeded scheduler decide
// which call of them comes next and what goes wrong with it, and checks at every step what must never happen and at rest
// that the EX Org is what the independent reference says. It never looks at how EXCS decides, and everything in it is a
// test: a life runs in a bubble of testing/synctest.
package sim
