package statefile

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/user"
	"strconv"
	"strings"
	"time"
)

// Holder is the run that holds a lock, as the lock file tells it.
type Holder struct {
	Host    string    `json:"host"`
	PID     int       `json:"pid"`
	User    string    `json:"user"`
	Command string    `json:"command"`
	Started time.Time `json:"started"`
}

// Self describes this process. args are the words of its command line, which
// must hold no secret: any user of the state may read them.
func Self(args []string, started time.Time) Holder {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return Holder{
		Host:    host,
		PID:     os.Getpid(),
		User:    userName(),
		Command: commandLine(args),
		Started: started.UTC().Truncate(time.Second),
	}
}

// userName is the number of the user where the name is not known, as in a
// container that runs under an arbitrary one.
func userName() string {
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	return "uid " + strconv.Itoa(os.Getuid())
}

// commandLine joins words as a shell would read them, cut to what a message
// can bear.
func commandLine(args []string) string {
	const most = 1000
	words := make([]string, len(args))
	for i, arg := range args {
		words[i] = quote(arg)
	}
	line := strings.Join(words, " ")
	if len(line) > most {
		line = strings.ToValidUTF8(line[:most], "") + "..."
	}
	return line
}

// String is the holder as a message tells it. Every text is quoted: it comes
// from a file that others can write.
func (h Holder) String() string {
	if h == (Holder{}) {
		return "another process, which has not told its name"
	}
	return fmt.Sprintf("%q on host %q, pid %d, since %s: %q",
		h.User, h.Host, h.PID, h.Started.Format(time.RFC3339), h.Command)
}

// write puts the holder into the lock file that it has locked. The new text
// goes over the old one before the rest is cut off, so that the file is never
// seen empty between two holders.
func (h Holder) write(path string) error {
	text, err := json.Marshal(h)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	n, err := f.Write(append(text, '\n'))
	if err != nil {
		return err
	}
	return f.Truncate(int64(n))
}

// readHolder returns the holder that a lock file names. It fails while there
// is none in it, because its first bytes are on their way; fs.ErrNotExist
// says that the lock has been released.
func readHolder(path string) (Holder, error) {
	f, err := os.Open(path)
	if err != nil {
		return Holder{}, err
	}
	defer f.Close()
	// One value is enough: behind it may stand the rest of a longer one.
	var h Holder
	err = json.NewDecoder(io.LimitReader(f, 64<<10)).Decode(&h)
	return h, err
}
