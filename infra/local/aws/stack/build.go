package stack

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"excs/shared/awstest"
)

// Build compiles functions for this machine, as the bundle is compiled for Lambda: root is the folder of the module, names
// are those of folders below functions/. The programs are put into out, called by the same names.
func Build(ctx context.Context, root, out string, names ...string) error {
	args := []string{"build", "-trimpath", "-buildvcs=false", "-tags=lambda.norpc,nethttpomithttp2", "-ldflags=-s -w -buildid=", "-o", out + string(filepath.Separator)}
	for _, name := range names {
		args = append(args, "./functions/"+name)
	}
	cmd := awstest.Tool(ctx, "go", args...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("compile the functions %v: %w\n%s", names, err, said)
	}
	return nil
}
