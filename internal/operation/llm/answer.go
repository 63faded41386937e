package llm

import (
	"encoding/json"
	"strings"
)

// Answer is what a model gave.
type Answer struct {
	Model  string   // as the API names it: often more exact than what was asked
	Input  uint64   // tokens read, those from a cache among them; 0: not said
	Cached uint64   // of these, read from a cache
	Output uint64   // tokens made; 0: not said
	Called []string // tools that the model called, by name, in order, each once
	Stop   string   // why it stopped, of the first choice: "stop", "length", "tool_calls", "end_turn"; empty: not said
	Text   string   // what was said, put together, of the first choice; at most [MaxText] bytes
	Calls  []Call   // tool calls with their arguments, put together
	Cut    bool     // Text or Calls are not all
}

// Call is a tool that the model wants to have called.
type Call struct {
	Name      string
	Arguments string // JSON, as the model wrote it
}

// usage has the names of all shapes.
type usage struct {
	Prompt     uint64 `json:"prompt_tokens"`
	Completion uint64 `json:"completion_tokens"`
	Input      uint64 `json:"input_tokens"`
	Output     uint64 `json:"output_tokens"`
	CacheRead  uint64 `json:"cache_read_input_tokens"`
	CacheMade  uint64 `json:"cache_creation_input_tokens"`
	PromptD    struct {
		Cached uint64 `json:"cached_tokens"`
	} `json:"prompt_tokens_details"`
	InputD struct {
		Cached uint64 `json:"cached_tokens"`
	} `json:"input_tokens_details"`
}

func (a *Answer) usage(u *usage) {
	if u == nil {
		return
	}
	// Anthropic counts what it took from a cache beside the input.
	in := max(u.Prompt, u.Input+u.CacheRead+u.CacheMade)
	a.Input = max(a.Input, in)
	a.Cached = max(a.Cached, u.CacheRead, u.PromptD.Cached, u.InputD.Cached)
	a.Output = max(a.Output, u.Completion, u.Output)
}

type toolCall struct {
	Index    int    `json:"index"`
	Name     string `json:"name"`
	Function struct {
		Name      string `json:"name"`
		Arguments string `json:"arguments"`
	} `json:"function"`
}

type choice struct {
	Index   int    `json:"index"`
	Text    string `json:"text"`
	Finish  string `json:"finish_reason"`
	Message part   `json:"message"`
	Delta   part   `json:"delta"`
}

type part struct {
	Content json.RawMessage `json:"content"` // text, or null
	Refusal string          `json:"refusal"`
	Tools   []toolCall      `json:"tool_calls"`
	Legacy  *struct {
		Name      string `json:"name"`
		Arguments string `json:"arguments"`
	} `json:"function_call"`
}

func (p *part) text() string {
	var s string
	if json.Unmarshal(p.Content, &s) != nil {
		return p.Refusal
	}
	return s + p.Refusal
}

// block is a content block of Anthropic's, or an output item of OpenAI's
// responses.
type block struct {
	Type      string          `json:"type"`
	Text      string          `json:"text"`
	Name      string          `json:"name"`
	Input     json.RawMessage `json:"input"`
	Arguments string          `json:"arguments"`
	Content   []block         `json:"content"`
}

type answerBody struct {
	Model   string   `json:"model"`
	Usage   *usage   `json:"usage"`
	Choices []choice `json:"choices"`
	Content []block  `json:"content"`
	Output  []block  `json:"output"`
	Stop    string   `json:"stop_reason"`
	Status  string   `json:"status"`
}

// ParseAnswer reads an answer that was not streamed. What is no answer of a
// model gives the zero Answer and false.
func ParseAnswer(body []byte) (Answer, bool) {
	var b answerBody
	if err := json.Unmarshal(body, &b); err != nil || b.Model == "" {
		return Answer{}, false
	}
	var s Stream
	s.body(&b)
	return s.Answer(), true
}

// body adds a whole answer.
func (s *Stream) body(b *answerBody) {
	a := &s.answer
	a.Model = word(b.Model)
	a.usage(b.Usage)
	for i := range b.Choices {
		c := &b.Choices[i]
		s.choice(c, &c.Message)
	}
	for _, list := range [][]block{b.Content, b.Output} {
		for i := range list {
			s.block(&list[i])
		}
	}
	s.stop(b.Stop)
	if b.Status == "incomplete" {
		s.stop(b.Status)
	}
}

func (s *Stream) choice(c *choice, p *part) {
	if c.Index == 0 {
		s.say(c.Text)
		s.say(p.text())
		s.stop(c.Finish)
	}
	for _, t := range p.Tools {
		s.call(c.Index, t.Index, t.Function.Name, t.Function.Arguments)
	}
	if p.Legacy != nil {
		s.call(c.Index, 0, p.Legacy.Name, p.Legacy.Arguments)
	}
}

// block adds a block that is whole.
func (s *Stream) block(b *block) {
	switch b.Type {
	case "text", "output_text":
		s.say(b.Text)
	case "tool_use", "server_tool_use":
		s.newCall(b.Name, string(b.Input))
	case "function_call":
		s.newCall(b.Name, b.Arguments)
	case "message":
		for i := range b.Content {
			s.block(&b.Content[i])
		}
	default:
		// Tools that the provider runs itself: "web_search_call".
		if name, ok := strings.CutSuffix(b.Type, "_call"); ok {
			s.newCall(name, "")
		}
	}
}

func (s *Stream) stop(reason string) {
	if s.answer.Stop == "" {
		s.answer.Stop = word(reason)
	}
}
