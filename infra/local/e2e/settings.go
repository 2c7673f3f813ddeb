package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"excs/shared/exorg/exorgtest"
	"excs/shared/rules"
)

// varSettingsHash is the variable by which a function knows the settings of its deployment.
const varSettingsHash = "EXCS_SETTINGS_HASH"

// settings changes the tenant's settings as a deployment does, and looks into the middle of it: the parameter is new, the functions
// are not. No function may work by settings that are not its deployment's, whether its process is warm or new.
func (s *story) settings(ctx context.Context) error {
	name := "/" + s.scene.Stack.Name() + "/settings"
	old := s.scene.Stack.Parameter(name)
	changed, err := additive(old)
	if err != nil {
		return err
	}
	queue, user, err := s.guest()
	if err != nil {
		return err
	}
	key, err := keyOfMembers(queue)
	if err != nil {
		return err
	}
	if err := s.scene.Org.AddMembers(queue.ID, user.ID); err != nil {
		return fmt.Errorf("put a member in by hand: %w", err)
	}
	s.say("   %s is put into the queue %s by hand; the settings change from members exact to additive, and the deployment stops half way.", user.Email, queue.Name)
	s.scene.Stack.SetParameter(name, changed)
	for _, function := range s.scene.Stack.Functions() {
		if err := s.scene.Stack.Recycle(function); err != nil {
			return err
		}
	}
	if err := s.halfWay(key); err != nil {
		return err
	}
	s.say("   The deployment ends: every function has the hash of the new settings.")
	if err := errors.Join(s.scene.Stack.SetVariable(varSettingsHash, rules.TextHash(changed)), s.look(ctx, key)); err != nil {
		return err
	}
	if err := expect(s.serves(queue, user), "a function worked by the old settings: %s was taken out of %s although members are additive", user.Email, queue.Name); err != nil {
		return err
	}
	s.say("   Looked at by the new settings the member stays. Back to the former ones, by a deployment that ends:")
	s.scene.Stack.SetParameter(name, old)
	if err := errors.Join(s.scene.Stack.SetVariable(varSettingsHash, rules.TextHash(old)), s.look(ctx, key)); err != nil {
		return err
	}
	if err := expect(!s.serves(queue, user), "%s is still in %s although members are exact again", user.Email, queue.Name); err != nil {
		return err
	}
	return s.matches("after the change of settings")
}

// halfWay checks that every function refuses settings that are not its deployment's and writes nothing.
func (s *story) halfWay(key string) error {
	before := s.seq()
	var answer struct{ Skipped string }
	if err := s.invoke("snapshot", map[string]any{}, &answer); err != nil {
		return err
	}
	const why = "the settings are not those of this function's deployment"
	if err := expect(strings.Contains(answer.Skipped, why), "the scheduled run says %q", answer.Skipped); err != nil {
		return err
	}
	for _, action := range []map[string]any{{"action": "plan"}, {"action": "sync", "keys": []string{key}}} {
		err := s.operate(action, nil)
		if err := expect(err != nil && strings.Contains(err.Error(), why), "%v answers %v", action, err); err != nil {
			return err
		}
	}
	s.refusals = map[string]int{"sync": 2}
	s.say("   The scheduled run is skipped (%.80s…), plan and sync are refused.", answer.Skipped)
	return expect(s.seq() == before, "%d changes were made in the EX Org meanwhile", s.seq()-before)
}

// look has an object looked at and waits for it.
func (s *story) look(ctx context.Context, key string) error {
	if err := s.operate(map[string]any{"action": "sync", "keys": []string{key}}, nil); err != nil {
		return err
	}
	return s.settle(ctx)
}

// additive gives the settings with members that are only added.
func additive(text string) (string, error) {
	var settings map[string]any
	if err := json.Unmarshal([]byte(text), &settings); err != nil {
		return "", fmt.Errorf("read the stage's settings: %w", err)
	}
	settings["members"] = map[string]any{"control": "additive"}
	changed, err := json.Marshal(settings)
	return string(changed), err
}

// guest finds a queue that somebody serves and a user of Engage's that does not serve it.
func (s *story) guest() (exorgtest.Queue, exorgtest.User, error) {
	for _, queue := range s.scene.Org.Queues() {
		if len(s.scene.Org.Members(queue.ID)) == 0 || queue.PeerID == "" {
			continue
		}
		for _, user := range s.scene.Org.Users() {
			if user.State == "active" && len(user.External) > 0 && !s.serves(queue, user) {
				return queue, user, nil
			}
		}
	}
	return exorgtest.Queue{}, exorgtest.User{}, errors.New("the site is too small for the story")
}

func (s *story) serves(queue exorgtest.Queue, user exorgtest.User) bool {
	return slices.Contains(s.scene.Org.QueuesOf(user.ID), queue.ID)
}

func keyOfMembers(queue exorgtest.Queue) (string, error) {
	if queue.PeerID == "" {
		return "", fmt.Errorf("the queue %s has no peer id", queue.Name)
	}
	return "members/" + queue.PeerID, nil
}
