package pgtest

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// identity is the system user that the server runs as; the zero value is the user of the test.
type identity struct {
	credential *syscall.Credential
}

// serverIdentity picks the user: PostgreSQL refuses to run as root, so root's tests run it as an unprivileged system user.
func serverIdentity() (identity, error) {
	if os.Geteuid() != 0 {
		return identity{}, nil
	}
	for _, name := range []string{"postgres", "nobody", "daemon"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, errU := strconv.ParseUint(u.Uid, 10, 32)
		gid, errG := strconv.ParseUint(u.Gid, 10, 32)
		if errU == nil && errG == nil && uid != 0 {
			return identity{&syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
		}
	}
	return identity{}, fmt.Errorf("PostgreSQL refuses to run as root, and there is none of the users postgres, nobody, daemon to run it as: " +
		"run the tests as another user or add one")
}

// attributes are those of a process of the server. The kernel stops the server (SIGQUIT: at once, leaving nothing behind in memory) when the
// thread that started it ends, so a killed test leaves none running.
func (id identity) attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: id.credential, Pdeathsig: syscall.SIGQUIT, Setpgid: true}
}

// own gives a directory to the user.
func (id identity) own(dir string) error {
	if id.credential == nil {
		return nil
	}
	return os.Chown(dir, int(id.credential.Uid), int(id.credential.Gid))
}
