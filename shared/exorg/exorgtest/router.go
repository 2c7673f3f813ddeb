package exorgtest

import (
	"net/http"
	"net/url"
	"strings"
)

// reply is a successful answer; a nil body is no body.
type reply struct {
	status int
	body   any
}

func ok(body any) reply { return reply{status: http.StatusOK, body: body} }

// call is one request on its way through a handler.
type call struct {
	*act
	w      *world
	client *client
	path   string
	query  url.Values
	params map[string]string
	body   []byte
	faults []*Armed
}

// handler answers one operation, inside the world's lock.
type handler func(c *call) (reply, *refusal)

// route is one operation of the API.
type route struct {
	method, pattern string
	permissions     []string // any of them opens the door; none: no permission needed
	handle          handler
	alone           bool // writes into the world, so it needs it alone
	search          bool // a POST that only reads
}

func (r *route) name() string { return r.method + " " + r.pattern }

// writes says whether the operation counts as a write.
func (r *route) writes() bool { return r.method != http.MethodGet && !r.search }

// router finds a route by its path. It is not the standard library's, which can not hold two of the API's patterns side by side
// (/users/{userId}/externalid/{authorityName} and /users/externalid/{authorityName}/{externalKey}).
type router struct {
	routes map[int][]*pattern // by number of segments
}

type pattern struct {
	route    *route
	segments []string
}

func newRouter(routes []*route) *router {
	r := &router{routes: map[int][]*pattern{}}
	for _, o := range routes {
		segments := strings.Split(strings.TrimPrefix(o.pattern, "/"), "/")
		r.routes[len(segments)] = append(r.routes[len(segments)], &pattern{route: o, segments: segments})
	}
	return r
}

// find returns the route of a request and its path parameters, percent-decoded. known is false when no method has the path.
func (r *router) find(method, escapedPath string) (found *route, params map[string]string, known bool) {
	segments := strings.Split(strings.TrimPrefix(escapedPath, "/"), "/")
	literals := -1
	for _, p := range r.routes[len(segments)] {
		got, n, ok := p.match(segments)
		if !ok {
			continue
		}
		known = true
		if p.route.method == method && n > literals {
			found, params, literals = p.route, got, n
		}
	}
	return found, params, known
}

// match compares segment by segment and counts the literal ones: the more, the better the match.
func (p *pattern) match(segments []string) (params map[string]string, literals int, ok bool) {
	params = map[string]string{}
	for i, want := range p.segments {
		got, err := url.PathUnescape(segments[i])
		if err != nil || got == "" {
			return nil, 0, false
		}
		if name, isParam := strings.CutPrefix(want, "{"); isParam {
			params[strings.TrimSuffix(name, "}")] = got
			continue
		}
		if got != want {
			return nil, 0, false
		}
		literals++
	}
	return params, literals, true
}
