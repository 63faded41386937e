package main

import (
	"syscall/js"

	"github.com/gatebook/gatebook/evidence"
)

func main() {
	js.Global().Set("gatebookLook", js.FuncOf(func(_ js.Value, args []js.Value) any {
		pack := make([]byte, args[0].Length())
		js.CopyBytesToGo(pack, args[0])
		o := evidence.Options{Key: args[1].String()}
		return string(evidence.Look(pack, o))
	}))
	js.Global().Set("gatebookProof", js.FuncOf(func(_ js.Value, args []js.Value) any {
		return string(evidence.LookProof([]byte(args[0].String()), args[1].String()))
	}))
	js.Global().Call("gatebookReady")
	select {} // the page calls them as often as it likes
}
