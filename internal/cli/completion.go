package cli

import (
	"fmt"
	"strings"

	"github.com/alecthomas/kong"
)

type completion struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish. For bash: source <(postern completion bash)."`
}

// Run prints the script.
func (c completion) Run(in *invocation) error {
	var cases strings.Builder
	for _, node := range nodes(in.kong.Model.Node) {
		fmt.Fprintf(&cases, scripts[c.Shell].node, path(node), strings.Join(words(node), " "))
	}
	_, err := fmt.Fprintf(in.Stdout, scripts[c.Shell].frame, cases.String())
	return err
}

// script is how a shell is taught: a line for each command with the words that may follow it, and what they stand in.
type script struct{ frame, node string }

//nolint:gochecknoglobals // constants, but for Go's lack of them
var scripts = map[string]script{
	"bash": {frame: bashFrame, node: "        %q) words=%q ;;\n"},
	"zsh":  {frame: "#compdef postern\nautoload -U +X bashcompinit && bashcompinit\n" + bashFrame, node: "        %q) words=%q ;;\n"},
	"fish": {
		frame: "function __postern_path\n    string join ' ' (commandline -opc | string match -v -- '-*')\nend\ncomplete -c postern -f\n%s",
		node:  "complete -c postern -n 'test (__postern_path) = %q' -a %q\n",
	},
}

const bashFrame = `_postern() {
    local path word words
    for word in "${COMP_WORDS[@]:0:COMP_CWORD}"; do
        [[ $word == -* ]] || path="${path:+$path }${word##*/}"
    done
    case "$path" in
%s    esac
    COMPREPLY=($(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}"))
}
complete -F _postern postern
`

// nodes are a command and all below it.
func nodes(n *kong.Node) []*kong.Node {
	found := []*kong.Node{n}
	for _, child := range n.Children {
		found = append(found, nodes(child)...)
	}
	return found
}

// path is a command as it is typed.
func path(n *kong.Node) string {
	if n.Parent == nil {
		return n.Name
	}
	return path(n.Parent) + " " + n.Name
}

// words are what may follow a command: commands, values and flags.
func words(n *kong.Node) []string {
	var found []string
	for _, child := range n.Children {
		found = append(found, child.Name)
	}
	for _, argument := range n.Positional {
		found = append(found, argument.EnumSlice()...)
	}
	for _, group := range n.AllFlags(true) {
		for _, flag := range group {
			found = append(found, "--"+flag.Name)
		}
	}
	return found
}
