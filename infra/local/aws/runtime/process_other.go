//go:build !unix

package runtime

import (
	"errors"

	"excs/infra/local/aws/servers"
)

// Where there are no such signals a process runs on between invocations.
func stop(*servers.Child) error { return errors.ErrUnsupported }

func resume(*servers.Child) error { return nil }
