package llm

import (
	"bytes"
	"encoding/json"
)

// Bounds of what is held of a stream.
const (
	MaxText  = 64 << 10  // bytes of the text that is put together
	MaxLine  = 256 << 10 // bytes of one line of a stream; longer ones are left out
	maxCalls = 64
)

// Stream puts an answer together that comes as server-sent events. The zero
// value is ready. It is for one goroutine at a time.
type Stream struct {
	answer Answer
	text   []byte
	calls  []building
	line   []byte // begun, and not ended
	skip   bool   // the line is too long
	named  bool   // the model is known
}

// building is a tool call that grows.
type building struct {
	choice, index int
	Call
}

// Write takes the next piece of the stream, in any cut. It never fails.
func (s *Stream) Write(p []byte) (int, error) {
	n := len(p)
	for {
		i := bytes.IndexByte(p, '\n')
		if i < 0 {
			s.keep(p)
			return n, nil
		}
		if !s.skip && len(s.line) == 0 && i <= MaxLine {
			s.event(p[:i]) // whole, and so not copied
		} else {
			s.keep(p[:i])
			if !s.skip {
				s.event(s.line)
			}
		}
		s.line, s.skip = s.line[:0], false
		p = p[i+1:]
	}
}

func (s *Stream) keep(p []byte) {
	if s.skip || len(s.line)+len(p) > MaxLine {
		s.skip, s.line = true, s.line[:0]
		s.answer.Cut = true
		return
	}
	s.line = append(s.line, p...)
}

// chunk is what one event can hold, of all shapes.
type chunk struct {
	Type     string          `json:"type"` // Anthropic's, and OpenAI's responses'
	Model    string          `json:"model"`
	Usage    *usage          `json:"usage"`
	Choices  []choice        `json:"choices"`
	Message  *answerBody     `json:"message"`
	Response *answerBody     `json:"response"`
	Index    int             `json:"index"`
	Output   int             `json:"output_index"`
	Block    *block          `json:"content_block"`
	Item     *block          `json:"item"`
	Delta    json.RawMessage `json:"delta"`
}

// delta is what Anthropic's deltas hold; OpenAI's responses have a text.
type delta struct {
	Text string `json:"text"`
	JSON string `json:"partial_json"`
	Stop string `json:"stop_reason"`
}

// event takes one line of the stream. Both APIs put an event's data on one.
func (s *Stream) event(line []byte) {
	data, ok := bytes.CutPrefix(bytes.TrimSuffix(line, []byte("\r")), []byte("data:"))
	if !ok {
		return
	}
	if data = bytes.TrimSpace(data); len(data) == 0 || data[0] != '{' {
		return // "[DONE]"
	}
	var c chunk
	if json.Unmarshal(data, &c) != nil {
		return
	}
	s.model(c.Model)
	s.answer.usage(c.Usage)
	for i := range c.Choices {
		s.choice(&c.Choices[i], &c.Choices[i].Delta)
	}
	switch c.Type {
	case "message_start":
		if c.Message != nil {
			s.model(c.Message.Model)
			s.answer.usage(c.Message.Usage)
		}
	case "content_block_start":
		if b := c.Block; b != nil && (b.Type == "tool_use" || b.Type == "server_tool_use") {
			s.call(0, c.Index, b.Name, "")
		}
	case "content_block_delta", "message_delta":
		var d delta
		if json.Unmarshal(c.Delta, &d) == nil {
			s.say(d.Text)
			if d.JSON != "" {
				s.call(0, c.Index, "", d.JSON)
			}
			s.stop(d.Stop)
		}
	case "response.output_text.delta", "response.function_call_arguments.delta":
		var text string
		if json.Unmarshal(c.Delta, &text) != nil {
			break
		}
		if c.Type == "response.output_text.delta" {
			s.say(text)
		} else {
			s.call(0, c.Output, "", text)
		}
	case "response.output_item.added":
		if b := c.Item; b != nil && b.Type == "function_call" {
			s.call(0, c.Output, b.Name, "")
		}
	case "response.completed", "response.incomplete", "response.failed":
		if c.Response != nil {
			s.model(c.Response.Model)
			s.answer.usage(c.Response.Usage)
			s.stop(c.Response.Status)
		}
	}
}

func (s *Stream) model(name string) {
	if name = word(name); name != "" && !s.named {
		s.answer.Model, s.named = name, true
	}
}

func (s *Stream) say(text string) {
	if room := MaxText - len(s.text); len(text) > room {
		text, s.answer.Cut = text[:room], true
	}
	s.text = append(s.text, text...)
}

// call adds to the tool call at the index, or begins it.
func (s *Stream) call(choice, index int, name, arguments string) {
	for i := range s.calls {
		if b := &s.calls[i]; b.choice == choice && b.index == index {
			s.grow(b, arguments)
			return
		}
	}
	if b := s.begin(choice, index, name); b != nil {
		s.grow(b, arguments)
	}
}

// newCall adds a tool call that is whole.
func (s *Stream) newCall(name, arguments string) {
	if b := s.begin(-1, len(s.calls), name); b != nil {
		s.grow(b, arguments)
	}
}

func (s *Stream) begin(choice, index int, name string) *building {
	name = word(name)
	s.answer.Called = addName(s.answer.Called, name)
	if len(s.calls) == maxCalls {
		s.answer.Cut = true
		return nil
	}
	s.calls = append(s.calls, building{choice, index, Call{Name: name}})
	return &s.calls[len(s.calls)-1]
}

func (s *Stream) grow(b *building, arguments string) {
	if len(b.Arguments)+len(arguments) > MaxText/maxCalls*8 {
		s.answer.Cut = true
		return
	}
	b.Arguments += arguments
}

// Answer returns what has come so far.
func (s *Stream) Answer() Answer {
	a := s.answer
	a.Text = string(bytes.ToValidUTF8(s.text, nil))
	for _, b := range s.calls {
		a.Calls = append(a.Calls, b.Call)
	}
	return a
}
