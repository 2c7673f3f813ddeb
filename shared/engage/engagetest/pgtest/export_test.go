package pgtest

// FindIn returns the server programs that are found below a pattern, for tests of the search itself.
func FindIn(pattern string) (initdb, postgres string, err error) {
	p, err := findPrograms(pattern)
	return p.initdb, p.postgres, err
}
