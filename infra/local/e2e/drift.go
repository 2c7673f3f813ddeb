package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"excs/shared/exorg/exorgtest"
)

// drift is what people change in the EX Org, heard of by events and by HTTPS.
func (s *story) drift(ctx context.Context) error {
	if err := s.byEvent(ctx); err != nil {
		return err
	}
	return s.byHTTPS(ctx)
}

// victim finds an active user of Engage's that serves a queue and has skills; skip passes over so many.
func (s *story) victim(skip int) (exorgtest.User, error) {
	users := s.scene.Org.Users()
	slices.SortFunc(users, func(a, b exorgtest.User) int { return strings.Compare(a.Email, b.Email) })
	for _, u := range users {
		if u.State == "active" && len(u.External) > 0 && len(u.Skills) > 0 && len(s.scene.Org.QueuesOf(u.ID)) > 0 {
			if skip--; skip < 0 {
				return u, nil
			}
		}
	}
	return exorgtest.User{}, errors.New("the site is too small for the story")
}

// seq is the number of the organisation's latest change.
func (s *story) seq() int {
	changes := s.scene.Org.Changes()
	if len(changes) == 0 {
		return 0
	}
	return changes[len(changes)-1].Seq
}

// byEvent: a user is deleted and a code renamed, and the partner event bus tells.
func (s *story) byEvent(ctx context.Context) error {
	user, err := s.victim(0)
	if err != nil {
		return err
	}
	codes, before := s.scene.Org.Codes(), s.seq()
	code := slices.MinFunc(codes, func(a, b exorgtest.Code) int { return strings.Compare(a.Name, b.Name) })
	if err := errors.Join(s.scene.Org.DeleteUser(user.ID), s.scene.Org.EditCode(code.ID, func(raw map[string]any) { raw["name"] = "Oops" })); err != nil {
		return fmt.Errorf("change the EX Org by hand: %w", err)
	}
	s.say("   EventBridge: the user %s is deleted, the wrap-up code %q is renamed to \"Oops\".", user.Email, code.Name)
	passed := 0
	events := s.scene.Org.EventsSince(before)
	for _, e := range events {
		n, err := s.scene.Stack.Deliver(e.Envelope)
		if err != nil {
			return err
		}
		passed += n
	}
	if err := expect(passed > 0, "the rule on the partner bus passed on none of %d events", len(events)); err != nil {
		return err
	}
	if err := s.settle(ctx); err != nil {
		return err
	}
	back, ok := s.scene.Org.User(user.ID)
	if err := expect(ok && back.State == "active", "the user is not back under its id: %+v", back); err != nil {
		return err
	}
	s.say("   The rule passed %d of %d events on; the user is back under its old id, with its %d skills and %d queues.", passed, len(events), len(back.Skills), len(s.scene.Org.QueuesOf(user.ID)))
	return s.matches("after the events")
}

// byHTTPS: a user is renamed and taken out of its queues, and a sender without EventBridge tells the function URL.
func (s *story) byHTTPS(ctx context.Context) error {
	user, err := s.victim(1)
	if err != nil {
		return err
	}
	before := s.seq()
	queue := s.scene.Org.QueuesOf(user.ID)[0]
	err = errors.Join(
		s.scene.Org.EditUser(user.ID, func(raw map[string]any) { raw["name"] = "Mistyped" }),
		s.scene.Org.RemoveMembers(queue, user.ID),
	)
	if err != nil {
		return fmt.Errorf("change the EX Org by hand: %w", err)
	}
	var all []json.RawMessage
	for _, e := range s.scene.Org.EventsSince(before) {
		all = append(all, e.Envelope)
	}
	body, err := json.Marshal(all)
	if err != nil {
		return fmt.Errorf("write the notification: %w", err)
	}
	s.say("   HTTPS: the user %s is renamed and taken out of a queue.", user.Email)
	if err := s.turnedAway(ctx, body); err != nil {
		return err
	}
	secret, err := s.webhookSecret()
	if err != nil {
		return err
	}
	code, answer, err := s.post(ctx, body, secret)
	if err != nil {
		return err
	}
	if err := expect(code == http.StatusAccepted, "the function URL answered %d to a notification: %s", code, answer); err != nil {
		return err
	}
	if err := s.settle(ctx); err != nil {
		return err
	}
	s.say("   Without the secret the function URL answers 401; with it 202, and both are put right.")
	return s.matches("after the notification")
}

// turnedAway proves that nobody gets in without the secret.
func (s *story) turnedAway(ctx context.Context, body []byte) error {
	code, answer, err := s.post(ctx, body, "a guess that is long enough to be one")
	if err != nil {
		return err
	}
	return expect(code == http.StatusUnauthorized && len(answer) == 0, "a request with a wrong secret is answered %d: %s", code, answer)
}

// webhookSecret reads what the stack generated.
func (s *story) webhookSecret() (string, error) {
	var held struct{ Secret string }
	if err := json.Unmarshal([]byte(s.scene.Stack.Secret("webhook")), &held); err != nil || held.Secret == "" {
		return "", fmt.Errorf("the template generates no webhook secret: %w", err)
	}
	return held.Secret, nil
}

func (s *story) post(ctx context.Context, body []byte, secret string) (int, []byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.scene.Stack.Output("WebhookUrl"), bytes.NewReader(body))
	if err != nil {
		return 0, nil, fmt.Errorf("call the function URL: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-Excs-Secret", secret)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, nil, fmt.Errorf("call the function URL: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	return response.StatusCode, answer, err
}
