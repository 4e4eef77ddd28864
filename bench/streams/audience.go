package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// audience is all subscribers.
type audience struct {
	size   int
	heard  atomic.Int64   // how many events they heard, all in all
	all    chan time.Time // when the last of them has heard a post
	failed chan error
	leave  func() // has all go; a second time it does nothing
}

// subscribe makes a connection one that subscribes, and returns what reads the next event. Each is a text, which is good until
// the next call.
type subscribe func(conn net.Conn, addr string) (next func() ([]byte, error), err error)

const (
	subscription = `{"query":"subscription { postPublished { id title } }"}`
	buffer       = 512 // bytes, of each subscriber's reader; an event has fewer
)

// gather has subscribers come, a few at a time, who heard so many posts before.
func gather(ctx context.Context, addr string, size, heard int, subscribe subscribe) (*audience, error) {
	ctx, cancel := context.WithCancel(ctx)
	var present sync.WaitGroup
	a := &audience{
		size: size, all: make(chan time.Time, 1), failed: make(chan error, 1),
		leave: func() {
			cancel()
			present.Wait()
		},
	}
	const atOnce = 64
	doors := make(chan struct{}, atOnce)
	for range size {
		doors <- struct{}{}
		present.Go(func() {
			err := a.attend(ctx, addr, heard, subscribe, func() { <-doors })
			if err != nil && ctx.Err() == nil {
				select {
				case a.failed <- err:
				default:
				}
			}
		})
	}
	for range atOnce {
		doors <- struct{}{}
	}
	select {
	case err := <-a.failed:
		a.leave()
		return nil, err
	default:
		return a, nil
	}
}

// attend is a subscriber's stay.
func (a *audience) attend(ctx context.Context, addr string, heard int, subscribe subscribe, entered func()) error {
	once := sync.OnceFunc(entered)
	defer once()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	next, err := subscribe(conn, addr)
	if err != nil {
		return fmt.Errorf("subscribe: %w", err)
	}
	once()
	for {
		event, err := next()
		if err != nil {
			return fmt.Errorf("hear post %d: %w", heard+1, err)
		}
		heard++
		if !strings.Contains(string(event), `"title":"`+strconv.Itoa(heard)+`"`) {
			return fmt.Errorf("a subscriber heard %q where post %d comes", event, heard)
		}
		if a.heard.Add(1)%int64(a.size) == 0 {
			a.all <- time.Now()
		}
	}
}

// hear waits until all have heard a post.
func (a *audience) hear(ctx context.Context) (time.Time, error) {
	const patience = time.Minute
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errors.New("not all heard of the post"))
	defer cancel()
	select {
	case at := <-a.all:
		return at, nil
	case err := <-a.failed:
		return time.Time{}, err
	case <-ctx.Done():
		return time.Time{}, context.Cause(ctx)
	}
}

// subscribeBySocket subscribes by graphql-transport-ws. It reads frames itself, to spend little of the processors.
func subscribeBySocket(conn net.Conn, addr string) (func() ([]byte, error), error) {
	reader := bufio.NewReaderSize(conn, buffer)
	_, err := io.WriteString(conn, "GET /graphql HTTP/1.1\r\nHost: "+addr+"\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"+
		"Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n")
	if err != nil {
		return nil, err
	}
	if err := head(reader, http.StatusSwitchingProtocols); err != nil {
		return nil, err
	}
	if err := say(conn, opText, `{"type":"connection_init"}`); err != nil {
		return nil, err
	}
	if ack, err := listen(conn, reader); err != nil || !strings.Contains(string(ack), `"connection_ack"`) {
		return nil, fmt.Errorf("%q came where the acknowledgement does: %w", ack, err)
	}
	err = say(conn, opText, `{"type":"subscribe","id":"1","payload":`+subscription+`}`)
	return func() ([]byte, error) { return listen(conn, reader) }, err
}

// The kinds of frames (RFC 6455, section 5.2), all of them the last of their message.
const opText, opPing, opPong = 0x81, 0x89, 0x8a

// say sends a frame, masked by zeros.
func say(conn net.Conn, kind byte, text string) error {
	const masked, mask = 0x80, "\x00\x00\x00\x00"
	size := byte(len(text)) //nolint:gosec // what is said here is short
	_, err := io.WriteString(conn, string([]byte{kind, masked | size})+mask+text)
	return err
}

// listen is the next message.
func listen(conn net.Conn, reader *bufio.Reader) ([]byte, error) {
	const long = 126
	for {
		header, err := reader.Peek(2)
		if err != nil {
			return nil, err
		}
		kind, size, skip := header[0], int(header[1]), 2
		if size == long {
			if header, err = reader.Peek(4); err != nil {
				return nil, err
			}
			size, skip = int(binary.BigEndian.Uint16(header[2:])), 4
		}
		_, _ = reader.Discard(skip) // it is there
		payload, err := reader.Peek(size)
		if err != nil {
			return nil, err
		}
		_, _ = reader.Discard(size)
		switch kind {
		case opText:
			return payload, nil
		case opPing:
			if err := say(conn, opPong, string(payload)); err != nil {
				return nil, err
			}
		default:
			return nil, fmt.Errorf("a frame of kind %x: %q", kind, payload)
		}
	}
}

// subscribeByEvents subscribes by graphql-sse.
func subscribeByEvents(conn net.Conn, addr string) (func() ([]byte, error), error) {
	reader := bufio.NewReaderSize(conn, buffer)
	_, err := io.WriteString(conn, "POST /graphql HTTP/1.1\r\nHost: "+addr+"\r\nAccept: text/event-stream\r\n"+
		"Content-Type: application/json\r\nContent-Length: "+strconv.Itoa(len(subscription))+"\r\n\r\n"+subscription)
	if err != nil {
		return nil, err
	}
	if err := head(reader, http.StatusOK); err != nil {
		return nil, err
	}
	return func() ([]byte, error) {
		for {
			line, err := reader.ReadSlice('\n')
			if err != nil || strings.HasPrefix(string(line), "data: ") {
				return line, err
			}
		}
	}, nil
}

// head reads the head of an answer, which must have a status.
func head(reader *bufio.Reader, status int) error {
	line, err := reader.ReadString('\n')
	if err == nil && !strings.HasPrefix(line, "HTTP/1.1 "+strconv.Itoa(status)) {
		err = fmt.Errorf("the server answered %q", line)
	}
	for err == nil && strings.TrimSpace(line) != "" {
		line, err = reader.ReadString('\n')
	}
	return err
}
