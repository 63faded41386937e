package operation

import (
	"net/http"
	"strings"
)

// JSON:API (jsonapi.org, version 1.1) says of each resource what it is: the
// members type and id of the objects under data and included. In a request, a
// relationship names others in the same way under its own data.

// isJSONAPI reports whether a header announces JSON:API.
func isJSONAPI(h http.Header) bool {
	v := h["Content-Type"]
	if len(v) == 0 || len(v[0]) < len(jsonAPI) || !strings.EqualFold(v[0][:len(jsonAPI)], jsonAPI) {
		return false
	}
	rest := strings.TrimLeft(v[0][len(jsonAPI):], " ")
	return rest == "" || rest[0] == ';'
}

const jsonAPI = "application/vnd.api+json"

// isResource reports whether the container that begins in parent is a resource
// object, or a list of them.
func (s *scanner) isResource(parent *frame) bool {
	if parent.array {
		return parent.resource
	}
	if s.depth != 2 && !s.refs {
		return false // a relationship of what was asked for
	}
	key := string(s.key[:s.keyLen])
	return key == "data" || s.depth == 2 && key == "included"
}

// ofResource notes whether the key is one of those that name a resource.
func (s *scanner) ofResource(key []byte) {
	f := s.top1()
	in := f != nil && f.resource && !f.array
	s.own, s.kind, s.name = in && string(key) == "id", in && string(key) == "type", false
}

// resource takes the object that ends.
func (s *scanner) resource() {
	if f := s.top1(); f != nil && f.resource && !f.array && f.kind != "" {
		s.to.add(typeOf(f.kind), f.id)
	}
}
