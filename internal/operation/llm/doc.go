// Package llm reads calls to large language models in the shapes of the OpenAI
// and Anthropic APIs, which most other providers and local servers speak too:
// which model was asked, how many tokens went in and out, which tools were
// offered and which the model called, and why it stopped. Answers that are
// streamed as server-sent events are put together while they pass.
//
// It promises to take any bytes without a panic, to hold no more of a stream
// than [MaxText] and one line of [MaxLine], and to delay nothing: it sees
// copies.
//
// It is not for judging what was said: prompts and answers are part of the
// payload, and are redacted there.
package llm
