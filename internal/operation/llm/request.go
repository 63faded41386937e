package llm

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// API names the shape of a call.
type API string

// The shapes that are known.
const (
	Chat        API = "openai.chat"        // POST …/chat/completions
	Completions API = "openai.completions" // POST …/completions
	Responses   API = "openai.responses"   // POST …/responses
	Embeddings  API = "openai.embeddings"  // POST …/embeddings
	Messages    API = "anthropic.messages" // POST …/messages
)

// paths are the ends of the paths of each shape; the first that fits is taken.
var paths = []struct {
	end string
	api API
}{
	{"/chat/completions", Chat},
	{"/completions", Completions},
	{"/responses", Responses},
	{"/embeddings", Embeddings},
	{"/messages", Messages},
}

// Of returns the shape that a path belongs to, or "". The body decides: see
// [ParseRequest].
func Of(path string) API {
	path = strings.TrimSuffix(path, "/")
	for _, p := range paths {
		if strings.HasSuffix(path, p.end) {
			return p.api
		}
	}
	return ""
}

// ErrShape is the error of a body that is not of the shape.
var ErrShape = errors.New("not a call to a model")

// Request is what was asked of a model.
type Request struct {
	API      API
	Model    string   // as named; empty if it cannot be the name of a model
	Stream   bool     // the answer is to be streamed
	Messages int      // of the conversation, the system's among them
	Tools    []string // offered, by name, sorted
	Limit    uint64   // of tokens to be made; 0: none given
	User     string   // the end user whom the caller named, as OpenAI's user or Anthropic's metadata.user_id; personal, and a claim
}

// Limits of what is kept.
const (
	maxName  = 128
	maxTools = 128
)

type requestBody struct {
	Model     string            `json:"model"`
	Stream    bool              `json:"stream"`
	Messages  []json.RawMessage `json:"messages"`
	Prompt    json.RawMessage   `json:"prompt"`
	Input     json.RawMessage   `json:"input"`
	System    json.RawMessage   `json:"system"`
	Tools     []tool            `json:"tools"`
	Functions []tool            `json:"functions"`
	MaxTokens uint64            `json:"max_tokens"`
	MaxChat   uint64            `json:"max_completion_tokens"`
	MaxOutput uint64            `json:"max_output_tokens"`
	User      string            `json:"user"`
	Metadata  struct {
		UserID string `json:"user_id"`
	} `json:"metadata"`
}

type tool struct {
	Type     string `json:"type"`
	Name     string `json:"name"`
	Function struct {
		Name string `json:"name"`
	} `json:"function"`
}

func (t *tool) name() string {
	for _, n := range []string{t.Function.Name, t.Name, t.Type} {
		if n != "" {
			return word(n)
		}
	}
	return ""
}

// ParseRequest reads the body of a call to the API. A body that was cut is an
// [ErrShape].
func ParseRequest(api API, body []byte) (Request, error) {
	var b requestBody
	if err := json.Unmarshal(body, &b); err != nil {
		return Request{}, fmt.Errorf("%w: %v", ErrShape, err)
	}
	var asked bool
	switch api {
	case Chat, Messages:
		asked = len(b.Messages) > 0
	case Completions:
		asked = len(b.Prompt) > 0
	case Responses, Embeddings:
		asked = len(b.Input) > 0
	}
	if b.Model == "" || !asked {
		return Request{}, fmt.Errorf("%w: it names no model, or asks nothing", ErrShape)
	}
	r := Request{API: api, Model: word(b.Model), Stream: b.Stream, Messages: len(b.Messages), Limit: max(b.MaxTokens, b.MaxChat, b.MaxOutput), User: b.User}
	if len(b.System) > 0 {
		r.Messages++
	}
	if r.Messages == 0 {
		r.Messages = 1 + strings.Count(string(b.Input), `"role"`)
	}
	if r.User == "" {
		r.User = b.Metadata.UserID
	}
	for _, t := range append(b.Tools, b.Functions...) {
		r.Tools = addName(r.Tools, t.name())
	}
	slices.Sort(r.Tools)
	return r, nil
}

// word returns s if it can be the name of a model or a tool, else "": what a
// caller can choose freely does not belong into a header.
func word(s string) string {
	if len(s) > maxName {
		return ""
	}
	for _, c := range []byte(s) {
		if (c|0x20 < 'a' || c|0x20 > 'z') && (c < '-' || c > ':') && c != '_' {
			return ""
		}
	}
	return s
}

func addName(list []string, s string) []string {
	if s == "" || len(list) == maxTools || slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}
