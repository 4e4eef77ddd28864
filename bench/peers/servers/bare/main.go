// Bare answers every request with the bytes of one file, by nothing but net/http: what no server in Go can be faster than that
// uses it.
package main

import (
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
	"time"
)

func main() {
	if err := serve(os.Args[1], os.Args[2]); err != nil {
		log.Fatal(err)
	}
}

func serve(addr, file string) error {
	answer, err := os.ReadFile(file) //nolint:gosec // the file is its argument
	if err != nil {
		return err
	}
	handler := func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", strconv.Itoa(len(answer)))
		_, _ = w.Write(answer) //nolint:gosec // whoever starts it says what it answers
	}
	return (&http.Server{Addr: addr, Handler: http.HandlerFunc(handler), ReadHeaderTimeout: time.Minute}).ListenAndServe()
}
