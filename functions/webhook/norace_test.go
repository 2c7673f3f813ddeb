//go:build !race

package main

// stormy is how many events a storm has.
const stormy = 10_000
