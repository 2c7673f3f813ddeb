package exorg_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"excs/shared/exorg"
	"excs/shared/exorg/internal/script"
	"excs/shared/exorg/internal/wire"
	"excs/shared/model"
)

// failed makes one write that is answered so.
func failed(t *testing.T, r wire.Request, status int, body string) error {
	t.Helper()
	c, s, _ := played(t, script.JSON(status, body))
	if status == http.StatusUnauthorized {
		s.Then(script.JSON(status, body))
	}
	return c.Call(t.Context(), r, nil)
}

// Each predicate speaks for its own errors and for no other's.
func TestPredicates(t *testing.T) {
	patch := wire.Request{Op: "update user", Method: http.MethodPatch, Route: "/users/{id}", Args: []string{"u1"}, Body: 1, Conflict: wire.Moved}
	post := wire.Request{Op: "create skill", Method: http.MethodPost, Route: "/routing/skills", Body: 1}
	unproven := wire.Request{Op: "create queue", Method: http.MethodPost, Route: "/routing/queues", Body: 1, Unproven: true}
	predicates := map[string]func(error) bool{
		"IsNotFound": exorg.IsNotFound, "IsConflict": exorg.IsConflict, "IsDuplicate": exorg.IsDuplicate, "IsStaleVersion": exorg.IsStaleVersion,
		"IsThrottled": exorg.IsThrottled, "IsDenied": exorg.IsDenied, "IsCredentials": exorg.IsCredentials, "IsUnavailable": exorg.IsUnavailable,
		"IsAmbiguous": exorg.IsAmbiguous,
	}
	stale := `{"status":400,"code":"bad.request","message":"Version 3 does not match the current version 4"}`
	tests := []struct {
		name   string
		call   wire.Request
		status int
		body   string
		want   string
	}{
		{"404", patch, 404, `{"status":404,"code":"not.found"}`, "IsNotFound"},
		{"409 of a creating call", post, 409, `{"status":409,"code":"general.conflict"}`, "IsConflict IsDuplicate"},
		{"400 of a creating call whose duplicate is proven to be 409", post, 400, `{"status":400,"code":"bad.request"}`, ""},
		{"409 of a creating call whose form is unproven", unproven, 409, `{"status":409,"code":"x"}`, "IsConflict IsDuplicate"},
		{"400 of a creating call whose form is unproven", unproven, 400, `{"status":400,"code":"x"}`, "IsDuplicate"},
		{"a stale version as 409", patch, 409, `{"status":409,"code":"general.conflict"}`, "IsStaleVersion"},
		{"a stale version as 400", patch, 400, stale, "IsStaleVersion"},
		{"a stale version in another case", patch, 400, strings.ToUpper(stale[:30]) + stale[30:], "IsStaleVersion"},
		{"400 of a patch for another reason", patch, 400, `{"status":400,"code":"bad.request","message":"name is too long"}`, ""},
		{"429", patch, 429, `{"status":429}`, "IsThrottled"},
		{"403", patch, 403, `{"status":403}`, "IsDenied"},
		{"401", patch, 401, `{"status":401}`, "IsCredentials IsDenied"},
		{"503", patch, 503, `{"status":503}`, "IsAmbiguous"},
		{"408", patch, 408, `{"status":408}`, "IsAmbiguous"},
		{"413", patch, 413, `{"status":413}`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := failed(t, tt.call, tt.status, tt.body)
			for name, is := range predicates {
				want := false
				for w := range strings.FieldsSeq(tt.want) {
					want = want || w == name
				}
				if is(err) != want || is(fmt.Errorf("wrapped: %w", err)) != want {
					t.Errorf("%s is %v for %v", name, !want, err)
				}
			}
		})
	}
	for name, is := range predicates {
		if is(nil) || is(errors.New("other")) {
			t.Errorf("%s claims an error that is not its own", name)
		}
	}
}

func TestADeniedCallSaysWhatToDo(t *testing.T) {
	tests := []struct{ name, body, want string }{
		{"by the parameters", `{"status":403,"code":"missing.permissions","message":"You can not.","messageParams":{"permissions":"[directory:user:edit]"}}`,
			"give the role of the OAuth client directory:user:edit, in all divisions"},
		{"by the message", `{"status":403,"message":"You are missing the following permission(s): routing:queue:view, routing:queue:edit"}`,
			"routing:queue:edit or routing:queue:view, in all divisions"},
		{"by what is known of the operation", `{"status":403,"message":"No."}`, "give the role of the OAuth client thing:add, in all divisions"},
		{"by what is known, without a body", ``, "give the role of the OAuth client thing:add"},
	}
	for _, tt := range tests {
		t.Run("the permission is named "+tt.name, func(t *testing.T) {
			if err := failed(t, writing(), 403, tt.body); !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error is %q, want it to say %q", err, tt.want)
			}
		})
	}
	t.Run("also when no permission is known", func(t *testing.T) {
		r := writing()
		r.Needs = ""
		if err := failed(t, r, 403, ``); !strings.Contains(err.Error(), "the permission for this operation") {
			t.Errorf("error is %q", err)
		}
	})
}

func TestTheTextOfAnError(t *testing.T) {
	err := failed(t, writing(), 400, `{
		"message":"The value is too long","code":"invalid.value","status":400,"contextId":"corr-7",
		"details":[{"errorCode":"too.long","fieldName":"name","entityName":"Jane"},{"errorCode":"x"},7,"odd",{}],"errors":[]}`)
	want := "create thing t1: POST /things/{id} answered 400 (invalid.value): The value is too long; field name too.long; field - x [correlation id corr-7]"
	if err.Error() != want {
		t.Errorf("error is\n%q, want\n%q", err, want)
	}
	if e := apiError(t, err); len(e.Details) != 2 || e.Details[0].FieldName != "name" {
		t.Errorf("details are %+v", e.Details)
	}
}

func TestMessagesHoldNobodysNameOrAddress(t *testing.T) {
	tests := []struct{ name, body, want string }{
		{"addresses are masked", `{"message":"A user with <john.doe@example.org>, O'Neil@x.y and a:b@c.d exists"}`,
			"A user with <[address]>, [address] and a:[address] exists"},
		{"what the request held back is masked, whatever the case", `{"message":"jane is taken, JANE too"}`, "[withheld] is taken, [withheld] too"},
		{"the entity's name is masked", `{"message":"User John Roe is deleted","entityName":"John Roe"}`, "User [withheld] is deleted"},
		{"the template is preferred to the filled-in text", `{"message":"Email x exists","messageWithParams":"Email {email} exists","messageParams":{"email":"x"}}`,
			"Email {email} exists"},
		{"permissions are filled in", `{"message":"m","messageWithParams":"You need {permissions} for {name}","messageParams":{"permissions":"a:b:c","name":"Jane","n":3}}`,
			"You need a:b:c for {name}"},
		{"the token endpoint's form is read", `{"error":"invalid_request","description":"bad form"}`, "bad form"},
		{"lines become one", `{"message":"a\n\tb"}`, "a b"},
		{"long texts are cut at a whole rune", `{"message":"` + strings.Repeat("ä", 200) + `"}`, strings.Repeat("ä", 150) + "…"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := failed(t, writing(), 400, tt.body)
			if got := apiError(t, err).Message; got != tt.want {
				t.Errorf("message is %q, want %q", got, tt.want)
			}
		})
	}
}

// Whatever the organisation's text does with name and address, the error does not show them.
func TestNoTextOfTheOrgBringsPersonalDataBack(t *testing.T) {
	c, s, _ := played(t)
	rapid.Check(t, func(rt *rapid.T) {
		name := rapid.StringMatching(`[A-Z][a-zé]{4,9} [A-Z][a-z'\-]{4,9}`).Draw(rt, "name")
		email := rapid.StringMatching(`[a-z0-9.+_\-]{5,10}@[a-z]{3,8}\.[a-z]{2,3}`).Draw(rt, "email")
		text := rapid.SliceOfN(rapid.SampledFrom([]string{name, email, strings.ToUpper(name), strings.ToUpper(email), "user", "exists", "'", "(", ")"}), 1, 8).Draw(rt, "text")
		message := strings.Join(text, rapid.SampledFrom([]string{" ", ", ", " - "}).Draw(rt, "glue"))
		r := writing()
		r.Private = []string{name, email}
		s.Then(script.Status(409, "general.conflict", message))
		err := c.Call(t.Context(), r, nil)
		out := strings.ToLower(fmt.Sprintf("%v %+v", err, *apiErrorOf(err)))
		if strings.Contains(out, strings.ToLower(name)) || strings.Contains(out, strings.ToLower(email)) {
			rt.Fatalf("the error shows %s or %s: %s", name, email, out)
		}
	})
}

func apiErrorOf(err error) *exorg.APIError {
	e, ok := errors.AsType[*exorg.APIError](err)
	if !ok {
		return &exorg.APIError{}
	}
	return e
}

func TestCodesReachThroughWraps(t *testing.T) {
	err := fmt.Errorf("make user/17 right: %w", failed(t, writing(), 409, `{"status":409,"code":"general.conflict"}`))
	if model.CodeOf(err) != model.CodeConflict || apiError(t, err).Status != 409 {
		t.Errorf("code %s, error %v", model.CodeOf(err), err)
	}
}
