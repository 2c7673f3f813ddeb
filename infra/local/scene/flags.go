package scene

import (
	"errors"
	"flag"
	"fmt"
	"io"

	"excs/shared/engage/engagetest"
)

// ParseFlags reads a command's arguments into its options: those of every command that opens a Scene (tier, template,
// programs), and those that more adds. The tier that o has is the default. The error is one line; help goes to out
// (flag.ErrHelp).
func ParseFlags(command string, args []string, out io.Writer, o *Options, more func(*flag.FlagSet)) error {
	f := flag.NewFlagSet(command, flag.ContinueOnError)
	f.SetOutput(io.Discard) // the caller tells the error, once
	tier := f.String("tier", o.Tier.String(), "size of the generated site: tiny, small, medium, large or stress")
	f.StringVar(&o.Template, "template", "", "a template that is synthesized already; default: synthesize it now")
	f.StringVar(&o.Programs, "programs", "", "a folder of functions compiled for this machine; default: compile them now")
	more(f)
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			f.SetOutput(out)
			f.Usage()
		}
		return err
	}
	if f.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q: see -help", f.Arg(0))
	}
	var err error
	o.Tier, err = engagetest.ParseTier(*tier)
	return err
}
