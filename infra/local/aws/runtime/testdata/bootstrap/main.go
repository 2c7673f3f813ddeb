// Command bootstrap is a function that does what its event says, for the tests of the host.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sort"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

type event struct {
	Do    string
	Text  string
	MB    int
	Until string // of wait: the file whose appearance ends it
}

var ticks atomic.Int64

var hold [][]byte

func main() {
	switch os.Getenv("START") {
	case "exit":
		fmt.Println("no luck today")
		os.Exit(3)
	case "hang":
		time.Sleep(time.Minute)
	}
	go func() {
		for {
			time.Sleep(time.Millisecond)
			ticks.Add(1)
		}
	}()
	lambda.Start(handle)
}

func handle(ctx context.Context, e event) (any, error) {
	switch e.Do {
	case "echo":
		return e.Text, nil
	case "context":
		lc, _ := lambdacontext.FromContext(ctx)
		end, _ := ctx.Deadline()
		return map[string]any{"arn": lc.InvokedFunctionArn, "left": time.Until(end).Seconds(), "pid": os.Getpid()}, nil
	case "environ":
		env := os.Environ()
		sort.Strings(env)
		return env, nil
	case "fail":
		return nil, errors.New(e.Text)
	case "exit":
		fmt.Print("last words")
		os.Exit(2)
	case "ticks":
		return ticks.Load(), nil
	case "large":
		return strings.Repeat("x", 7<<20), nil
	case "log":
		fmt.Println(e.Text)
		fmt.Fprintln(os.Stderr, "on the other stream")
		return os.Getpid(), nil
	case "grow":
		for range e.MB {
			b := make([]byte, 1<<20)
			for i := range b {
				b[i] = 1
			}
			hold = append(hold, b)
		}
		return e.wait()
	case "wait":
		return e.wait()
	}
	return nil, fmt.Errorf("do %q", e.Do)
}

func (e event) wait() (any, error) {
	for {
		if _, err := os.Stat(e.Until); err == nil {
			return os.Getpid(), nil
		}
		time.Sleep(5 * time.Millisecond)
	}
}
