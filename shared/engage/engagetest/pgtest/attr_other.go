//go:build !linux

package pgtest

import "syscall"

// identity is the system user that the server runs as: here always the user of the test.
type identity struct{}

func serverIdentity() (identity, error) { return identity{}, nil }

func (identity) attributes() *syscall.SysProcAttr { return nil }

func (identity) own(string) error { return nil }
