package main

// What the Go programs share: telling stories as TAP, and what stories are made of. The clients' folders link to this
// file. A story passes when it returns, is skipped by skip(), and fails by any other panic.

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/http"
	"os"
	"reflect"
	"runtime"
	"strings"
	"time"
)

const (
	storyTimeout = 60 * time.Second
	waitTimeout  = 20 * time.Second
)

var (
	bootstrap = os.Getenv("COMPAT_BOOTSTRAP")
	control   = os.Getenv("COMPAT_CONTROL")
)

type story struct {
	name string
	tell func(context.Context)
}

type skipped string

func tellAll(stories []story) {
	only := os.Getenv("COMPAT_ONLY")
	var wanted []story
	for _, s := range stories {
		if only == "" || strings.Contains(","+only+",", ","+s.name+",") {
			wanted = append(wanted, s)
		}
	}
	fmt.Printf("1..%d\n", len(wanted))
	for i, s := range wanted {
		switch outcome := attempt(s).(type) {
		case nil:
			fmt.Printf("ok %d - %s\n", i+1, s.name)
		case skipped:
			fmt.Printf("ok %d - %s # SKIP %s\n", i+1, s.name, string(outcome))
		default:
			fmt.Printf("not ok %d - %s\n# %s\n", i+1, s.name, strings.ReplaceAll(fmt.Sprint(outcome), "\n", "\n# "))
		}
	}
}

// attempt gives each story a goroutine: one that hangs is a failure, and the next is still told.
func attempt(s story) any {
	ctx, cancel := context.WithTimeout(context.Background(), storyTimeout)
	defer cancel()
	outcome := make(chan any, 1)
	go func() {
		defer func() { outcome <- recover() }()
		s.tell(ctx)
	}()
	select {
	case result := <-outcome:
		return result
	case <-time.After(storyTimeout + time.Second):
		return "still running after 60 s"
	}
}

func skip(reason string) { panic(skipped(reason)) }

func fail(format string, arguments ...any) {
	where := "?"
	for depth := 1; depth < 6; depth++ {
		if _, file, line, ok := runtime.Caller(depth); ok && !strings.HasSuffix(file, "tap.go") {
			where = fmt.Sprintf("%s:%d", file[strings.LastIndex(file, "/")+1:], line)
			break
		}
	}
	panic(where + ": " + fmt.Sprintf(format, arguments...))
}

func must(err error) {
	if err != nil {
		fail("%v", err)
	}
}

func got[T any](value T, err error) T {
	must(err)
	return value
}

func equal(found, wanted any) {
	if !reflect.DeepEqual(found, wanted) {
		fail("found %.300s, wanted %.300s", fmt.Sprint(found), fmt.Sprint(wanted))
	}
}

func refused(err error, with string) {
	if err == nil || !strings.Contains(strings.ToUpper(err.Error()), strings.ToUpper(with)) {
		fail("found %v, wanted a refusal with %q", err, with)
	}
}

func unique(prefix string) string {
	random := make([]byte, 5)
	_, _ = rand.Read(random)
	return prefix + "-" + hex.EncodeToString(random)
}

func waitUntil(what string, condition func() bool) {
	for deadline := time.Now().Add(waitTimeout); !condition(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			fail("waited %v for %s", waitTimeout, what)
		}
	}
}

func requireControl() {
	if control == "" {
		skip("the broker is not ours to restart")
	}
}

// restartBroker has the runner stop the broker and start it again on the same port and data.
func restartBroker() {
	requireControl()
	client := http.Client{Transport: &http.Transport{}}
	answer := got(client.Post(control+"/restart", "", nil))
	equal(answer.StatusCode, 200)
}

func numbers(from, to int) (found []string) {
	for i := from; i < to; i++ {
		found = append(found, fmt.Sprint(i))
	}
	return found
}
