package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"excs/functions/internal/console"
	"excs/shared/widget"
	"excs/shared/widget/answer"
	"excs/shared/widget/widgettest"
)

var (
	update   = flag.Bool("update", false, "write the picture of the README anew")
	pictures = flag.String("pictures", "", "a directory that pictures of all sorts of tenants are written to")
)

// function is the handler as Lambda calls it.
func function(h *Handler) console.Function {
	return console.Function(answer.Shown(h.Handle))
}

// echo stands for a function behind buttons: it answers what it was sent.
func echo(_ context.Context, payload json.RawMessage) (any, error) {
	return answer.Text(answer.Context{}, "Asked for "+string(payload)), nil
}

func dashboard(v widget.View) console.Config {
	return console.Config{Widget: function(showing(v)), Functions: map[string]console.Function{v.SyncARN: echo, v.ReplayARN: echo}}
}

// In a dashboard each button calls its function with exactly its action, after the question if there is one, and the
// answer is shown.
func TestButtonsInABrowser(t *testing.T) {
	v := widgettest.Trouble()
	c := console.Start(t).Open(t, dashboard(v))
	sync, replay := v.SyncARN, v.ReplayARN
	tests := []struct {
		label string
		nth   int
		asks  string
		want  console.Call
	}{
		{"What if resumed", 0, "", console.Call{ARN: sync, Payload: `{"action":"resume","kinds":["wrapupcode"]}`}},
		{"What if resumed", 1, "", console.Call{ARN: sync, Payload: `{"action":"resume","keys":["user/10311"]}`}},
		{"Plan", 0, "", console.Call{ARN: sync, Payload: `{"action":"plan"}`}},
		{"Approve all 17", 0, "Approve all 17 held changes, hash c4d1b90a7f3e2255e6aa? The next run makes them.",
			console.Call{ARN: sync, Payload: `{"action":"approve","planHash":"c4d1b90a7f3e2255e6aa","who":"dashboard"}`}},
		{"Approve these 14", 0, "Approve 14 held changes of kind queue, hash 1f9b6e0c52d7a8834410? The next run makes them.",
			console.Call{ARN: sync, Payload: `{"action":"approve","kinds":["queue"],"planHash":"1f9b6e0c52d7a8834410","who":"dashboard"}`}},
		{"Explain", 0, "", console.Call{ARN: sync, Payload: `{"action":"explain","keys":["user/10482"]}`}},
		{"Explain", 3, "", console.Call{ARN: sync, Payload: `{"action":"explain","keys":["queue/3001"]}`}},
		{"Dry run", 0, "", console.Call{ARN: replay, Payload: `{"dryRun":true}`}},
		{"Replay all", 0, "Bring 4 dead letters back to the work queue? Workers look at the objects again.", console.Call{ARN: replay, Payload: `{}`}},
		{"Replay", 1, "Bring the dead letters of queue/3107 back to the work queue? A worker looks at it again.", console.Call{ARN: replay, Payload: `{"keys":["queue/3107"]}`}},
		{"Release", 2, "End the quarantine of user/11904? A worker looks at it again; its dead letter stays until a replay.",
			console.Call{ARN: sync, Payload: `{"action":"release","keys":["user/11904"],"who":"dashboard"}`}},
		{"List all", 0, "", console.Call{ARN: sync, Payload: `{"action":"list"}`}},
	}
	var want []console.Call
	for _, test := range tests {
		question := c.Click(test.label, test.nth)
		if question != test.asks {
			t.Errorf("%s asks %q, want %q", test.label, question, test.asks)
		}
		if question != "" {
			if d := cmp.Diff(want, c.Calls()); d != "" {
				t.Errorf("%s calls before the answer: %s", test.label, d)
			}
			c.Answer(true)
		}
		want = append(want, test.want)
		if popup := c.Popup(); !strings.Contains(popup, "Asked for") || !strings.Contains(popup, strings.Trim(test.want.Payload, "{}")) {
			t.Errorf("%s shows %q", test.label, popup)
		}
		c.Refresh()
	}
	if d := cmp.Diff(want, c.Calls()); d != "" {
		t.Error(d)
	}
	c.Innocent()
}

// Whoever refuses a question has called nothing, and every button that changes something asks one.
func TestRefusedQuestions(t *testing.T) {
	c := console.Start(t).Open(t, dashboard(widgettest.Well()))
	for name, v := range map[string]widget.View{"trouble": widgettest.Trouble(), "first plan": widgettest.FirstPlan(), "source went back": widgettest.Blind()} {
		t.Run(name, func(t *testing.T) {
			c.Show(t, dashboard(v))
			var labels []string
			c.Eval(`[...document.querySelectorAll("#frame a.btn")].map(b => b.textContent)`, &labels)
			asked, nth := 0, map[string]int{}
			for _, label := range labels {
				n := nth[label]
				nth[label]++
				if !strings.HasPrefix(label, "Approve") && !strings.HasPrefix(label, "Rep") && label != "Release" && label != "Accept the source" {
					continue
				}
				if question := c.Click(label, n); question == "" {
					t.Fatalf("%s does not ask", label)
				}
				c.Answer(false)
				asked++
			}
			if calls := c.Calls(); len(calls) > 0 || asked == 0 {
				t.Errorf("%d questions were refused, and these calls made: %+v", asked, calls)
			}
			c.Innocent()
		})
	}
}

// escapes lists what lies outside of its place: the page itself, if it has to be scrolled sideways, and whatever reaches
// out of its cell. What is clipped inside of it is in its place.
const escapes = `(() => {
	const bad = [];
	if (document.documentElement.scrollWidth > document.documentElement.clientWidth) bad.push("page is " + document.documentElement.scrollWidth + " wide");
	const places = "td, th, .fact, .group, .verdict, .head, .lead, .foot, .section, .lines, .answer";
	for (const e of document.querySelectorAll("#frame .excs *, #popup .excs *")) {
		if (e.closest("style, cwdb-action, svg") || !e.getClientRects().length) continue;
		const place = e.parentElement.closest(places);
		if (!place) continue;
		const clipped = ["hidden", "auto"].includes(getComputedStyle(place).overflowX);
		const r = e.getBoundingClientRect(), p = place.getBoundingClientRect();
		if (!clipped && (r.left < p.left - 1 || r.right > p.right + 1) || r.left < p.left - 1 || r.right > p.right + 1 && !e.closest(".wide"))
			bad.push(e.tagName + "." + e.className + " " + Math.round(r.left) + ".." + Math.round(r.right) + " is outside of " + place.tagName + "." + place.className + " " + Math.round(p.left) + ".." + Math.round(p.right));
	}
	return bad;
})()`

// faint lists texts that are hard to read: with less contrast than WCAG 2 AA asks for.
const faint = `(() => {
	const bad = new Set();
	const rgb = c => c.match(/[\d.]+/g).map(Number);
	const light = c => { const [r, g, b] = rgb(c).map(x => { x /= 255; return x <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4 }); return 0.2126 * r + 0.7152 * g + 0.0722 * b };
	const ground = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor; const v = rgb(c); if (v.length < 4 || v[3] > 0) return c } return "rgb(255,255,255)" };
	const walk = document.createTreeWalker(document.getElementById("frame"), NodeFilter.SHOW_TEXT);
	while (walk.nextNode()) {
		const e = walk.currentNode.parentElement;
		if (!walk.currentNode.textContent.trim() || e.closest("style, cwdb-action") || !e.getClientRects().length) continue;
		const a = light(getComputedStyle(e).color), b = light(ground(e));
		const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
		if (ratio < 4.5) bad.add(e.tagName + "." + e.className + " " + ratio.toFixed(2));
	}
	return [...bad];
})()`

func list(c *console.Console, expression string) []string {
	var found []string
	c.Eval(expression, &found)
	return found
}

// In every width that a widget can have, and in both themes, everything stays in its place and can be read.
func TestLayout(t *testing.T) {
	c := console.Start(t).Open(t, dashboard(widgettest.Well()))
	views := map[string]widget.View{
		"well": widgettest.Well(), "trouble": widgettest.Trouble(), "first plan": widgettest.FirstPlan(), "fresh": widgettest.Fresh(), "blind": widgettest.Blind(),
	}
	for name, v := range views {
		for _, dark := range []bool{false, true} {
			for _, width := range []int{1900, 1240, 640, 420} {
				t.Run(fmt.Sprintf("%s, dark %v, %d", name, dark, width), func(t *testing.T) {
					config := dashboard(v)
					config.Dark, config.Width = dark, width
					c.Show(t, config)
					if bad := list(c, escapes); len(bad) > 0 {
						t.Errorf("out of place: %s", strings.Join(bad, "\n"))
					}
					if bad := list(c, faint); len(bad) > 0 {
						t.Errorf("hard to read: %s", strings.Join(bad, "\n"))
					}
					c.Innocent()
				})
			}
		}
	}
}

// nasty are names and reasons that would run, load, cover or push aside something on a page that was made with less care.
func nasty() map[string]string {
	return map[string]string{
		"script":            `<script>window.ran = true</script>`,
		"image":             `<img src="http://198.51.100.7/x.png" onerror="window.ran = true">`,
		"attribute":         `" onmouseover="window.ran = true" style="position:fixed;inset:0" x="`,
		"other quotes":      `' onfocus='window.ran = true' autofocus tabindex='0`,
		"frame":             `<iframe src="javascript:parent.ran = true"></iframe><svg><use href="#x"></use></svg>`,
		"svg":               `<svg onload="window.ran = true"><style>*{display:none}</style></svg>`,
		"style":             `</style><style>.excs{display:none}</style><link rel="stylesheet" href="http://198.51.100.7/x.css">`,
		"end of the table":  `</bdi></div></td></tr></tbody></table></div></div><h1 style="font-size:900px">x</h1>`,
		"another action":    `</cwdb-action><a class="btn">Explain</a><cwdb-action action="call" endpoint="evil">{"action":"approve"}</cwdb-action>`,
		"template":          `{{.}} ${window.ran = true} <%= 1 %>`,
		"a comment":         `<!-- <b> --!> <![CDATA[ x ]]>`,
		"entities":          `&lt;script&gt;window.ran = true&lt;/script&gt; &#60;b&#62; &quot;`,
		"one long word":     strings.Repeat("W", 4000),
		"many words":        strings.Repeat("lorem ipsum ", 400),
		"wide characters":   strings.Repeat("﷽", 200),
		"no-break spaces":   strings.Repeat("a\u00a0", 300),
		"right to left":     "\u202emoc.elpmaxe\u202d \u2067אבג\u2069 \u202e\u202e\u202e" + strings.Repeat("מ", 300),
		"arabic":            strings.Repeat("مركز الاتصال ", 40),
		"control":           "a\x00b\x07c\x1b[31md\x7fe\u0085f\u2028g",
		"tower of marks":    "Z" + strings.Repeat("\u0341\u033e\u0489", 200),
		"emoji":             strings.Repeat("👩🏽‍👩🏽‍👧🏽‍👦🏽🏴󠁧󠁢󠁥󠁮󠁧󠁿", 60),
		"invisible letters": strings.Repeat("\u200b\u2060\ufeff\u00ad", 100) + "x",
		"no text":           "\xff\xfe\xc0\x80",
	}
}

// shape is every element of the widget with its attributes, and where its fixed parts are.
const shape = `[...document.querySelectorAll("#frame *")].map(e => e.tagName + " " + [...e.attributes].map(a => a.name + "=" + a.value).join(" "))
	.concat([...document.querySelectorAll("#frame .key, #frame a.btn, #frame .n")].map(e => e.tagName + " at " + Math.round(e.getBoundingClientRect().left)))`

// strange counts elements in the window of the answer that no answer has.
const strange = `document.querySelectorAll("#answer :is(script, img, iframe, svg, use, link, h1, a, b, i)").length`

// Whatever names, reasons and notes hold, a browser finds the same elements at the same places as with harmless ones:
// nothing runs, nothing is loaded, nothing is covered or pushed aside; and an answer stays in its window. It is so before
// CloudWatch takes anything out.
func TestHostileNamesInABrowser(t *testing.T) {
	c := console.Start(t).Open(t, dashboard(widgettest.Hostile("harmless")))
	tame := list(c, shape)
	for name, text := range nasty() {
		t.Run(name, func(t *testing.T) {
			config := dashboard(widgettest.Hostile(text))
			config.Uncleaned, config.Dark = true, true
			config.Functions[widgettest.SyncARN] = answering(text)
			c.Show(t, config)
			if d := cmp.Diff(themed(tame), list(c, shape)); d != "" {
				t.Error(d)
			}
			if bad := list(c, escapes); len(bad) > 0 {
				t.Errorf("out of place: %s", strings.Join(bad, "\n"))
			}
			c.Click("Explain", 0)
			if d := cmp.Diff([]console.Call{{ARN: widgettest.SyncARN, Payload: `{"action":"explain","keys":["queue/3001"]}`}}, c.Calls()); d != "" {
				t.Error(d)
			}
			var extra int
			if c.Eval(strange, &extra); extra > 0 {
				t.Errorf("%d strange elements in the answer", extra)
			}
			if bad := list(c, escapes); len(bad) > 0 {
				t.Errorf("the answer is out of place: %s", strings.Join(bad, "\n"))
			}
			c.Innocent()
		})
	}
}

// answering is a function whose answer holds a text wherever an answer can.
func answering(text string) console.Function {
	flat := strings.ReplaceAll(text, "\n", " ")
	return func(context.Context, json.RawMessage) (any, error) {
		return answer.Text(answer.Context{}, flat+"\nState "+flat+"\n  waiting: "+flat+"\n"+flat), nil
	}
}

// What CloudWatch takes out of a widget is not in it to begin with.
func TestNothingIsTakenOut(t *testing.T) {
	var left, cleaned []string
	config := dashboard(widgettest.Trouble())
	c := console.Start(t).Open(t, config)
	cleaned = list(c, shape)
	config.Uncleaned = true
	c.Show(t, config)
	if left = list(c, shape); len(left) == 0 {
		t.Error("there is no widget")
	}
	if d := cmp.Diff(left, cleaned); d != "" {
		t.Error(d)
	}
}

// themed gives the shape in the dark theme.
func themed(shape []string) []string {
	dark := slices.Clone(shape)
	dark[0] = strings.Replace(dark[0], " excs", " excs excs-dark", 1)
	return dark
}

// picture is a file of testdata, written anew with -update and otherwise only checked for what the README needs.
func picture(t *testing.T, file string, c *console.Console) {
	t.Helper()
	path := filepath.Join("testdata", file)
	if *update {
		if err := os.WriteFile(path, console.Small(t, c.Picture()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Size() > 200_000 {
		t.Errorf("%s: %v, %v", path, info, err)
	}
}

// The README shows a picture of the dashboard; with -pictures=DIRECTORY all are written, to be looked at.
func TestPictures(t *testing.T) {
	readme := dashboard(widgettest.Picture())
	readme.Width = 1160
	c := console.Start(t).Open(t, readme)
	picture(t, "dashboard.png", c)
	if *pictures == "" {
		return
	}
	for name, v := range map[string]widget.View{
		"well": widgettest.Well(), "trouble": widgettest.Trouble(), "firstplan": widgettest.FirstPlan(), "fresh": widgettest.Fresh(), "blind": widgettest.Blind(),
		"hostile": widgettest.Hostile(nasty()["end of the table"]), "righttoleft": widgettest.Hostile(nasty()["right to left"]), "long": widgettest.Hostile(nasty()["one long word"]),
		"marks": widgettest.Hostile(nasty()["tower of marks"]),
	} {
		for _, dark := range []bool{false, true} {
			for _, width := range []int{1240, 640} {
				config := dashboard(v)
				config.Dark, config.Width = dark, width
				c.Show(t, config)
				file := filepath.Join(*pictures, fmt.Sprintf("%s-%v-%d.png", name, map[bool]string{false: "light", true: "dark"}[dark], width))
				if err := os.WriteFile(file, c.Picture(), 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}
