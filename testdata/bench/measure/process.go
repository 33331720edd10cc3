package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// cost is what one run took.
type cost struct {
	wall time.Duration
	cpu  time.Duration // user and system
	peak int64         // bytes resident
}

// command runs a whole process to its end, with nothing to read and no terminal to
// listen.
func command(path string, args ...string) (cost, error) {
	return output(io.Discard, path, args...)
}

func output(to io.Writer, path string, args ...string) (cost, error) {
	var said bytes.Buffer
	c := exec.Command(path, args...)
	if to != io.Discard { // without a pipe no reader has to be woken
		c.Stdout = to
	}
	c.Stderr = &said
	c.Env = append(c.Environ(), "CI=true")
	started := time.Now()
	err := c.Run()
	wall := time.Since(started)
	if err != nil {
		return cost{}, fmt.Errorf("%s %s: %w\n%s", filepath.Base(path), strings.Join(args, " "), err, said.Bytes())
	}
	usage := c.ProcessState.SysUsage().(*syscall.Rusage)
	return cost{wall, c.ProcessState.UserTime() + c.ProcessState.SystemTime(), usage.Maxrss << 10}, nil
}

// server is an emulated cluster in another process.
type server struct {
	url     string
	process *exec.Cmd
	ask     io.WriteCloser
	answers *bufio.Scanner
}

func (b *bench) serve(seed string, delay time.Duration, more ...string) (*server, error) {
	s := &server{process: exec.Command(b.program("server"), append([]string{"-seed", seed, "-delay", delay.String()}, more...)...)}
	var err error
	if s.ask, err = s.process.StdinPipe(); err != nil {
		return nil, err
	}
	answers, err := s.process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.process.Start(); err != nil {
		return nil, err
	}
	s.answers = bufio.NewScanner(answers)
	if !s.answers.Scan() {
		return nil, fmt.Errorf("the server does not start: %w", s.process.Wait())
	}
	s.url = s.answers.Text()
	return s, nil
}

// counts returns how many requests and how many writes there were.
func (s *server) counts() (requests, writes int, err error) {
	if _, err := io.WriteString(s.ask, "counts\n"); err != nil {
		return 0, 0, err
	}
	if !s.answers.Scan() {
		return 0, 0, fmt.Errorf("the server has gone: %v", s.answers.Err())
	}
	first, second, _ := strings.Cut(s.answers.Text(), " ")
	if requests, err = strconv.Atoi(first); err == nil {
		writes, err = strconv.Atoi(second)
	}
	return requests, writes, err
}

// close ends the server and returns the processor time that it took.
func (s *server) close() time.Duration {
	s.ask.Close()
	_ = s.process.Wait() // it is only asked to end
	return s.process.ProcessState.UserTime() + s.process.ProcessState.SystemTime()
}
