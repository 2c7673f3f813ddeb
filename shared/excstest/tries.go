package excstest

import (
	"flag"
	"strconv"
)

// Tries sets how often rapid tries a property, unless the command line says it (-rapid.checks). It is for a TestMain: where
// every try is several whole runs, few say enough. It panics in a package without a property.
func Tries(n int) {
	const name = "rapid.checks"
	flag.Parse()
	asked := false
	flag.Visit(func(f *flag.Flag) { asked = asked || f.Name == name })
	if asked {
		return
	}
	if err := flag.Set(name, strconv.Itoa(n)); err != nil {
		panic(err)
	}
}
