package console

import (
	"bytes"
	"cmp"
	"context"
	_ "embed" // the page
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

//go:embed page.html
var page []byte

// Function is a Lambda function as Lambda calls it: what it answers is sent as JSON.
type Function func(ctx context.Context, payload json.RawMessage) (any, error)

// Config is a dashboard.
type Config struct {
	// Widget is the widget's function; Functions are the others, by ARN.
	Widget    Function
	Functions map[string]Function
	// Params are the widget's parameters.
	Params map[string]any
	// Dark is the theme. Width and Height are the window's, in pixels; 0: 1240 and 900.
	Dark          bool
	Width, Height int
	// Uncleaned leaves in what CloudWatch takes out.
	Uncleaned bool
}

// Call is one call of a function by a button.
type Call struct {
	ARN string
	// Payload is the action's JSON, without what the dashboard adds.
	Payload string
}

// Console is an open dashboard.
type Console struct {
	tb     testing.TB
	ctx    context.Context
	config Config
	url    string
	width  int64
	height int64

	mu       sync.Mutex
	calls    []Call
	requests []string
	thrown   []string
}

// widgetARN stands for the widget's own function.
const widgetARN = "widget"

// Open opens a dashboard in a tab of its own and shows its widget.
func (b *Browser) Open(tb testing.TB, config Config) *Console {
	tb.Helper()
	c := &Console{tb: tb}
	server := httptest.NewServer(c)
	tb.Cleanup(server.Close)
	c.url = server.URL
	ctx, cancel := chromedp.NewContext(b.ctx)
	tb.Cleanup(cancel)
	c.ctx = ctx
	chromedp.ListenTarget(ctx, c.listen)
	c.run(network.Enable())
	c.Show(tb, config)
	return c
}

// Show opens another dashboard in the same tab, for the rest of a test or for a part of it. What was noted of the one
// before is forgotten.
func (c *Console) Show(tb testing.TB, config Config) {
	tb.Helper()
	c.mu.Lock()
	c.tb, c.config, c.calls, c.requests, c.thrown = tb, config, nil, nil, nil
	c.width, c.height = int64(cmp.Or(config.Width, 1240)), int64(cmp.Or(config.Height, 900))
	c.mu.Unlock()
	settings, err := json.Marshal(map[string]any{"params": config.params(), "clean": !config.Uncleaned, "context": config.context(c.width, c.height)})
	if err != nil {
		tb.Fatal(err)
	}
	c.run(chromedp.EmulateViewport(c.width, c.height), chromedp.Navigate(c.url+"/"))
	c.Eval("open("+string(settings)+").then(() => true)", nil)
}

func (c Config) params() map[string]any {
	if c.Params == nil {
		return map[string]any{}
	}
	return c.Params
}

// context is what CloudWatch sends along (facts: section 8).
func (c Config) context(width, height int64) map[string]any {
	theme := "light"
	if c.Dark {
		theme = "dark"
	}
	return map[string]any{
		"dashboardName": "excs-dev", "widgetId": "widget-1", "accountId": "123456789012", "locale": "en", "theme": theme,
		"timezone": map[string]any{"label": "Local", "offsetISO": "+02:00", "offsetInMinutes": -120},
		"forms":    map[string]any{"all": map[string]any{}}, "params": c.params(), "width": width - 24, "height": height,
	}
}

// listen notes what the page asks for and what goes wrong in it.
func (c *Console) listen(event any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		c.requests = append(c.requests, e.Request.URL)
	case *runtime.EventExceptionThrown:
		c.thrown = append(c.thrown, e.ExceptionDetails.Error())
	}
}

// ServeHTTP serves the page, and calls functions for it.
func (c *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/":
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(page)
	case "/invoke":
		c.invoke(w, r)
	default:
		http.NotFound(w, r)
	}
}

func (c *Console) invoke(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Endpoint string
		Payload  json.RawMessage
	}
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = json.Unmarshal(body, &asked)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	config := c.config
	c.mu.Unlock()
	function := config.Functions[asked.Endpoint]
	if asked.Endpoint == widgetARN {
		function = config.Widget
	} else {
		c.note(asked.Endpoint, asked.Payload)
	}
	if function == nil {
		reply(w, http.StatusNotFound, map[string]string{"errorMessage": "no function " + asked.Endpoint})
		return
	}
	v, err := function(r.Context(), asked.Payload)
	if err != nil {
		reply(w, http.StatusInternalServerError, map[string]string{"errorMessage": err.Error()})
		return
	}
	reply(w, http.StatusOK, v)
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

// note takes down a call, and that the dashboard's context came with it.
func (c *Console) note(arn string, payload json.RawMessage) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(payload, &members); err != nil || len(members["widgetContext"]) == 0 {
		c.tb.Errorf("a call without widgetContext: %s, %v", payload, err)
	}
	delete(members, "widgetContext")
	rest, err := json.Marshal(members)
	if err != nil {
		c.tb.Error(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls = append(c.calls, Call{ARN: arn, Payload: string(rest)})
}

func (c *Console) run(actions ...chromedp.Action) {
	c.tb.Helper()
	if err := chromedp.Run(c.ctx, actions...); err != nil {
		c.tb.Fatal(err)
	}
}

// Eval evaluates an expression in the page, waits for it if it is a promise, and reads its value into v (nil: not).
func (c *Console) Eval(expression string, v any) {
	c.tb.Helper()
	wait := func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }
	if v == nil {
		v = new(json.RawMessage)
	}
	c.run(chromedp.Evaluate(expression, v, wait))
}

// Refresh calls the widget's function again.
func (c *Console) Refresh() {
	c.tb.Helper()
	c.Eval("refresh().then(() => true)", nil)
}

// find is the expression of the nth button of that label.
func find(label string, nth int) string {
	return fmt.Sprintf(`[...document.querySelectorAll("#frame a.btn")].filter(b => b.textContent === %q)[%d]`, label, nth)
}

// Click clicks on the nth button of that label in the widget, with a mouse at its middle, and waits until it is answered
// or asks something; then it gives the question.
func (c *Console) Click(label string, nth int) (question string) {
	c.tb.Helper()
	var at struct{ X, Y float64 }
	c.Eval(fmt.Sprintf(`(() => { const b = %s; if (!b) throw new Error("no button %s"); b.scrollIntoView({block: "center"}); page.before = page.calls;
		const r = b.getBoundingClientRect(); return {x: r.x + r.width / 2, y: r.y + r.height / 2} })()`, find(label, nth), label), &at)
	c.run(chromedp.MouseClickXY(at.X, at.Y))
	c.wait(`page.calls > page.before || page.errors.length > 0 || document.getElementById("question").open`)
	c.Eval(`document.getElementById("question").open ? document.getElementById("asked").textContent : ""`, &question)
	return question
}

// Answer answers the question that a click led to. After yes it waits for the function's answer.
func (c *Console) Answer(yes bool) {
	c.tb.Helper()
	if !yes {
		c.run(chromedp.Click("#no", chromedp.ByID))
		c.wait(`!document.getElementById("question").open`)
		return
	}
	c.run(chromedp.Click("#yes", chromedp.ByID))
	c.wait(`page.calls > page.before || page.errors.length > 0`)
}

func (c *Console) wait(condition string) {
	c.tb.Helper()
	c.run(chromedp.Poll(condition, nil))
}

// Popup is the text in the window of the last answer, "" while none is open.
func (c *Console) Popup() string {
	c.tb.Helper()
	var text string
	c.Eval(`document.getElementById("popup").open ? document.getElementById("answer").innerText : ""`, &text)
	return text
}

// Text is what the widget shows.
func (c *Console) Text() string {
	c.tb.Helper()
	var text string
	c.Eval(`document.getElementById("frame").innerText`, &text)
	return text
}

// Calls gives the calls of functions by buttons so far.
func (c *Console) Calls() []Call {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.calls)
}

// Innocent fails the test if the page ran into an error, asked for anything that is not the dashboard's own, or if a script
// ran that sets window.ran: hostile names try to.
func (c *Console) Innocent() {
	c.tb.Helper()
	var page struct {
		Errors []string
		Ran    bool
	}
	c.Eval("({Errors: page.errors, Ran: window.ran === true})", &page)
	c.mu.Lock()
	defer c.mu.Unlock()
	if faults := append(page.Errors, c.thrown...); len(faults) > 0 {
		c.tb.Errorf("errors in the page: %q", faults)
	}
	for _, url := range c.requests {
		if !strings.HasPrefix(url, c.url+"/") {
			c.tb.Errorf("the page asked for %s", url)
		}
	}
	if page.Ran {
		c.tb.Error("a script of a name ran")
	}
}

// Picture is a picture of the whole page, as PNG.
func (c *Console) Picture() []byte {
	c.tb.Helper()
	var height int64
	c.Eval("Math.ceil(document.documentElement.getBoundingClientRect().height)", &height)
	var picture []byte
	c.run(chromedp.EmulateViewport(c.width, height), chromedp.CaptureScreenshot(&picture), chromedp.EmulateViewport(c.width, c.height))
	if !bytes.HasPrefix(picture, []byte("\x89PNG")) {
		c.tb.Fatal("the picture is no PNG")
	}
	return picture
}
