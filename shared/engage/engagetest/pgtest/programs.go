package pgtest

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
)

// ErrNotInstalled says that the machine has no PostgreSQL server programs.
var ErrNotInstalled = errors.New("PostgreSQL server programs (initdb, postgres) not found in /usr/lib/postgresql/*/bin nor in PATH: " +
	"install them with: apt-get install postgresql")

// programs are the two server programs, of one version.
type programs struct{ initdb, postgres string }

// findPrograms finds the programs of the newest version below the pattern's directories, else those in PATH.
func findPrograms(pattern string) (programs, error) {
	dirs, err := filepath.Glob(pattern)
	if err != nil {
		return programs{}, fmt.Errorf("find PostgreSQL: %w", err)
	}
	slices.SortFunc(dirs, func(a, b string) int { return cmp.Compare(version(b), version(a)) })
	for _, dir := range dirs {
		p := programs{filepath.Join(dir, "initdb"), filepath.Join(dir, "postgres")}
		if executable(p.initdb) && executable(p.postgres) {
			return p, nil
		}
	}
	initdb, errI := exec.LookPath("initdb")
	postgres, errP := exec.LookPath("postgres")
	if errI != nil || errP != nil {
		return programs{}, ErrNotInstalled
	}
	return programs{initdb, postgres}, nil
}

// version returns the version in a path such as /usr/lib/postgresql/15/bin: 9.6 is older than 10, which a comparison of texts gets wrong.
func version(bin string) float64 {
	v, err := strconv.ParseFloat(filepath.Base(filepath.Dir(bin)), 64)
	if err != nil {
		return 0
	}
	return v
}

// executable reports whether the path is a program.
func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}
