package main

import (
	"context"
	"encoding/json"
	"fmt"
	"html"
	"maps"
	"regexp"
	"slices"
	"strings"

	"excs/shared/excstest/reference"
	"excs/shared/model"
)

// dashboard draws the custom widget when all is well again.
func (s *story) dashboard(context.Context) error {
	page, err := s.widget()
	if err != nil {
		return err
	}
	if err := s.table(page); err != nil {
		return err
	}
	s.say("   The widget answers %d bytes of HTML; its table counts what Engage has, kind by kind, and everything is converged.", len(page.html))
	if err := s.pressHarmless(page); err != nil {
		return err
	}
	if err := s.refusal(); err != nil {
		return err
	}
	var doc string
	if err := s.invoke("dashboard", map[string]any{"describe": true}, &doc); err != nil {
		return err
	}
	return expect(strings.Contains(doc, "staleMinutes"), "the widget does not document its parameters: %s", doc)
}

// pressHarmless presses the first button that changes nothing.
func (s *story) pressHarmless(p page) error {
	for _, b := range p.buttons {
		name, _ := b.payload["action"].(string)
		if !slices.Contains([]string{"plan", "explain", "list", "status"}, name) {
			continue
		}
		answer, err := s.press(b)
		if err != nil {
			return err
		}
		s.say("   Its button for %s answers: %.120s", name, firstText(answer))
		return nil
	}
	return fmt.Errorf("the widget has no button that only looks: %+v", p.buttons)
}

// refusal: a button whose plan is gone meanwhile tells so in words, as people read it.
func (s *story) refusal() error {
	answer, err := s.asWidget("sync", map[string]any{"action": "approve", "planHash": "0000000000000000000f"})
	if err != nil {
		return err
	}
	text := firstText(answer)
	s.say("   A button whose plan is gone answers: %.120s", text)
	return expect(strings.Contains(text, "not_found") && !strings.Contains(text, "InvokeResponse"), "the refusal of a button is not for people: %s", text)
}

// page is what the widget's function answered.
type page struct {
	html    string
	buttons []button
}

// button is something to press: the function that it calls, and with what.
type button struct {
	endpoint, confirmation string
	payload                map[string]any
}

var (
	action    = regexp.MustCompile(`(?s)<cwdb-action ([^>]*)>(.*?)</cwdb-action>`)
	attribute = regexp.MustCompile(`([a-z]+)="([^"]*)"`)
	row       = regexp.MustCompile(`<th scope="row">([^<]+)</th><td class="n[^"]*">([0-9,]+)</td>`)
	tag       = regexp.MustCompile(`(?s)<style>.*?</style>|<[^>]*>`)
)

// widget draws the widget as CloudWatch does: with the parameters that stand in the dashboard of the template.
func (s *story) widget() (page, error) {
	widgets, err := s.scene.Stack.Widgets()
	if err != nil {
		return page{}, err
	}
	if err := expect(len(widgets) == 1, "the dashboard of the template has %d custom widgets", len(widgets)); err != nil {
		return page{}, err
	}
	payload := map[string]any{}
	if len(widgets[0].Params) > 0 {
		if err := json.Unmarshal(widgets[0].Params, &payload); err != nil {
			return page{}, fmt.Errorf("read the parameters of the widget: %w", err)
		}
	}
	var p page
	if p.html, err = s.asWidget(widgets[0].Endpoint, payload); err != nil {
		return p, err
	}
	for _, found := range action.FindAllStringSubmatch(p.html, -1) {
		b := button{}
		for _, a := range attribute.FindAllStringSubmatch(found[1], -1) {
			switch a[1] {
			case "endpoint":
				b.endpoint = html.UnescapeString(a[2])
			case "confirmation":
				b.confirmation = html.UnescapeString(a[2])
			}
		}
		if err := json.Unmarshal([]byte(html.UnescapeString(found[2])), &b.payload); err != nil {
			return p, fmt.Errorf("read what the button %s posts: %w", found[0], err)
		}
		p.buttons = append(p.buttons, b)
	}
	return p, nil
}

// asWidget calls a function as CloudWatch does for a viewer, and gives the HTML.
func (s *story) asWidget(endpoint string, payload map[string]any) (string, error) {
	full := maps.Clone(payload)
	full["widgetContext"] = map[string]any{
		"dashboardName": s.scene.Stack.Output("Dashboard"), "widgetId": "widget-1", "domain": "https://eu-central-1.console.aws.amazon.com", "accountId": s.scene.Stack.Account(),
		"locale": "en", "timezone": map[string]any{"label": "UTC", "offsetISO": "+00:00", "offsetInMinutes": 0}, "period": 300, "isAutoPeriod": true,
		"timeRange": map[string]any{"mode": "relative", "start": 0, "end": 0}, "theme": "light", "linkCharts": true, "title": "EXCS", "params": payload, "forms": map[string]any{"all": map[string]any{}},
		"width": 1200, "height": 600,
	}
	var text string
	if err := s.invoke(endpoint, full, &text); err != nil {
		return "", err
	}
	for _, never := range []string{"<script", "<iframe", "javascript:", "<use"} {
		if err := expect(!strings.Contains(strings.ToLower(text), never), "the HTML of %s holds %s, which CloudWatch removes", endpoint, never); err != nil {
			return "", err
		}
	}
	return text, nil
}

// press does what a button does.
func (s *story) press(b button) (string, error) { return s.asWidget(b.endpoint, b.payload) }

// firstText is the text of an HTML answer without its tags.
func firstText(answer string) string {
	return strings.Join(strings.Fields(html.UnescapeString(tag.ReplaceAllString(answer, " "))), " ")
}

// table compares the counts that the widget shows with what Engage has.
func (s *story) table(p page) error {
	shown := map[string]string{}
	for _, found := range row.FindAllStringSubmatch(p.html, -1) {
		shown[html.UnescapeString(found[1])] = strings.ReplaceAll(found[2], ",", "")
	}
	want := reference.Expected(s.scene.Editor.Site(), domain, false)
	for kind, title := range map[model.Kind]string{
		model.KindSkill: "Skills", model.KindLanguage: "Languages", model.KindWrapUpCode: "Wrap-up codes", model.KindQueue: "Queues",
		model.KindUser: "Users", model.KindMembers: "Queue members",
	} {
		if err := expect(shown[title] == fmt.Sprint(len(want[string(kind)])), "the widget counts %q of %s, Engage has %d; it shows %v", shown[title], title, len(want[string(kind)]), shown); err != nil {
			return err
		}
	}
	return nil
}
