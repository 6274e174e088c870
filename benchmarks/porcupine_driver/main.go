// Judges histories with Porcupine, for benchmarks/linearizability.py to compare with.
//
// It reads requests from standard input, one a line, `PATH WHOLE TIMEOUT_S`: a JSON-lines history,
// 1 to judge it in one piece and 0 to judge it key by key, and seconds. To each it answers with
// one line, `VERDICT SECONDS`: Ok, Illegal or Unknown, and the processor time of one judgement, the
// mean over as many as take 20 ms. Reading the file is not counted.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"os"
	"sort"
	"syscall"
	"time"

	"github.com/anishathalye/porcupine"
)

type record struct {
	Model  string
	Client json.RawMessage
	Op     string
	Key    *string
	Input  json.RawMessage
	Output json.RawMessage
	Status string
	Call   float64
	Ret    *float64
}

type input struct {
	op, key, text string
	from, to      int
}

type output struct {
	unknown, exists, ok bool
	value               int
	text                string
}

const absent = -1 << 40

var register = porcupine.Model{
	Init: func() interface{} { return absent },
	Step: func(state, in, out interface{}) (bool, interface{}) {
		held, i, o := state.(int), in.(input), out.(output)
		switch i.op {
		case "read":
			return o.unknown || (o.exists && o.value == held) || (!o.exists && held == absent), state
		case "write":
			return true, i.to
		}
		next := held
		if held == i.from {
			next = i.to
		}
		return o.unknown || o.ok == (held == i.from), next
	},
}

func step(held string, i input, o output) (bool, string) {
	switch i.op {
	case "get":
		return o.unknown || o.text == held, held
	case "put":
		return true, i.text
	}
	return true, held + i.text
}

var byKey = porcupine.Model{
	PartitionEvent: func(history []porcupine.Event) [][]porcupine.Event {
		parts := map[string][]porcupine.Event{}
		keys := map[int]string{}
		for _, event := range history {
			if event.Kind == porcupine.CallEvent {
				keys[event.Id] = event.Value.(input).key
			}
			parts[keys[event.Id]] = append(parts[keys[event.Id]], event)
		}
		names := []string{}
		for name := range parts {
			names = append(names, name)
		}
		sort.Strings(names)
		found := [][]porcupine.Event{}
		for _, name := range names {
			found = append(found, parts[name])
		}
		return found
	},
	Init: func() interface{} { return "" },
	Step: func(state, in, out interface{}) (bool, interface{}) {
		fits, next := step(state.(string), in.(input), out.(output))
		return fits, next
	},
	Hash: func(state interface{}) uint64 { return hash(state.(string)) },
}

func hash(text string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(text))
	return h.Sum64()
}

type store map[string]string

var whole = porcupine.Model{
	Init: func() interface{} { return store{} },
	Step: func(state, in, out interface{}) (bool, interface{}) {
		held, i := state.(store), in.(input)
		fits, next := step(held[i.key], i, out.(output))
		if !fits || i.op == "get" {
			return fits, state
		}
		changed := store{}
		for key, value := range held {
			changed[key] = value
		}
		changed[i.key] = next
		return true, changed
	},
	Equal: func(first, second interface{}) bool {
		a, b := first.(store), second.(store)
		if len(a) != len(b) {
			return false
		}
		for key, value := range a {
			if other, ok := b[key]; !ok || other != value {
				return false
			}
		}
		return true
	},
	Hash: func(state interface{}) uint64 {
		var sum uint64
		for key, value := range state.(store) {
			sum ^= hash(key + "\x00" + value)
		}
		return sum
	},
}

func read(path string) (string, []porcupine.Event) {
	file, err := os.Open(path)
	if err != nil {
		panic(err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<24)
	model := ""
	type moment struct {
		at    float64
		isRet bool
		event porcupine.Event
	}
	moments := []moment{}
	for id := -1; lines.Scan(); id++ {
		var one record
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			panic(err)
		}
		if id < 0 {
			model = one.Model
			continue
		}
		in, out := parsed(one)
		end := 1e18
		if one.Ret != nil && (one.Status == "ok" || one.Op == "read" || one.Op == "get") {
			end = *one.Ret
		}
		moments = append(moments,
			moment{one.Call, false, porcupine.Event{Kind: porcupine.CallEvent, Value: in, Id: id}},
			moment{end, true, porcupine.Event{Kind: porcupine.ReturnEvent, Value: out, Id: id}})
	}
	sort.SliceStable(moments, func(i, j int) bool {
		if moments[i].at != moments[j].at {
			return moments[i].at < moments[j].at
		}
		return !moments[i].isRet && moments[j].isRet
	})
	events := make([]porcupine.Event, len(moments))
	for i, one := range moments {
		events[i] = one.event
	}
	return model, events
}

func parsed(one record) (input, output) {
	in := input{op: one.Op}
	out := output{unknown: one.Status != "ok"}
	if one.Key != nil {
		in.key = *one.Key
		json.Unmarshal(one.Input, &in.text)
		json.Unmarshal(one.Output, &out.text)
		return in, out
	}
	pair := []int{}
	if json.Unmarshal(one.Input, &pair) == nil && len(pair) == 2 {
		in.from, in.to = pair[0], pair[1]
	} else {
		json.Unmarshal(one.Input, &in.to)
	}
	json.Unmarshal(one.Output, &out.ok)
	out.exists = string(one.Output) != "null" && json.Unmarshal(one.Output, &out.value) == nil
	return in, out
}

func cpu() time.Duration {
	var usage syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func main() {
	requests := bufio.NewScanner(os.Stdin)
	for requests.Scan() {
		var path string
		var inOnePiece int
		var seconds float64
		fmt.Sscan(requests.Text(), &path, &inOnePiece, &seconds)
		name, events := read(path)
		model := register
		if name != "cas-register" {
			model = byKey
			if inOnePiece == 1 {
				model = whole
			}
		}
		timeout := time.Duration(seconds * float64(time.Second))
		start, times := cpu(), 0
		var verdict porcupine.CheckResult
		for times == 0 || cpu()-start < 20*time.Millisecond {
			verdict = porcupine.CheckEventsTimeout(model, events, timeout)
			times++
		}
		fmt.Printf("%s %.9f\n", verdict, (cpu()-start).Seconds()/float64(times))
	}
}
