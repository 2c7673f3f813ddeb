package console

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// limit bounds everything that one test does with a browser.
const limit = 2 * time.Minute

// Find gives the path of a Chromium: on PATH by one of its names, or where Debian puts it.
func Find() (string, error) { return FindUnder("/usr/lib") }

// FindUnder is Find with the place where Debian puts programs. What is there comes first: the name of the headless shell on
// PATH is a script that starts it, and whoever ends the script leaves the browser behind.
func FindUnder(lib string) (string, error) {
	paths, err := filepath.Glob(filepath.Join(lib, "chromium*", "chromium-headless-shell"))
	if err != nil {
		return "", err
	}
	others, err := filepath.Glob(filepath.Join(lib, "chromium*", "chromium"))
	if err != nil {
		return "", err
	}
	for _, name := range []string{"chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			paths = append(paths, path)
		}
	}
	for _, path := range append(paths, others...) {
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return path, nil
		}
	}
	return "", errors.New("no Chromium is installed: install Debian's package chromium-headless-shell or chromium")
}

// Browser is a Chromium that ends with its test.
type Browser struct{ ctx context.Context }

// Start starts a Chromium. Without one the test is skipped, and says so.
func Start(tb testing.TB) *Browser {
	tb.Helper()
	path, err := Find()
	if err != nil {
		tb.Skip(err)
	}
	options := append([]chromedp.ExecAllocatorOption{}, chromedp.DefaultExecAllocatorOptions[:]...)
	options = append(options,
		chromedp.ExecPath(path), chromedp.UserDataDir(tb.TempDir()), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.WSURLReadTimeout(limit),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("no-proxy-server", true),
		chromedp.Flag("force-color-profile", "srgb"), chromedp.Flag("hide-scrollbars", false),
		// Whatever the browser itself would like to fetch is not found.
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"),
	)
	timed, cancelTime := context.WithTimeout(context.Background(), limit)
	allocator, cancelAllocator := chromedp.NewExecAllocator(timed, options...)
	// chromedp complains of events that are younger than it is; what goes wrong in an action is an error of the action.
	ctx, cancel := chromedp.NewContext(allocator, chromedp.WithErrorf(func(string, ...any) {}))
	tb.Cleanup(func() {
		_ = chromedp.Cancel(ctx)
		cancel()
		cancelAllocator()
		cancelTime()
	})
	if err := chromedp.Run(ctx); err != nil {
		tb.Fatalf("start %s: %v", path, err)
	}
	return &Browser{ctx: ctx}
}
