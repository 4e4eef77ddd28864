package graph_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"postern/internal/auth"
	"postern/internal/store/storetest"
)

// matrix says what comes of each root field for each kind of caller: of the field as such, and where it is about something, of
// what is the caller's own, of what is another's, and of what there is not. It is
//
//   - ok, null, or the type of the payload's first error;
//   - FORBIDDEN, or the reason of UNAUTHENTICATED without its noun: MISSING, INVALID and EXPIRED tokens, and ENDED sessions.
//
// The first four are administrators who come without a token, with one that somebody else has signed, with one that has expired,
// and with one whose session has ended; the others may do what they are called. The owner is an author before what is their own,
// and another author before what is another's. A reader's own post is one that they wrote while they were an author.
const matrix = `
caller                                 nobody  forged  expired ended reader    author          editor        admin

Query.posts                            ok      ok      ok      ok    ok        ok              ok            ok
Query.post own Post                    ok      ok      ok      ok    ok        ok              ok            ok
Query.post another's Post              ok      ok      ok      ok    ok        ok              ok            ok
Query.post missing Post                null    null    null    null  null      null            null          null
Query.viewer                           null    INVALID EXPIRED ENDED ok        ok              ok            ok
Query.user own User                    ok      ok      ok      ok    ok        ok              ok            ok
Query.user another's User              ok      ok      ok      ok    ok        ok              ok            ok
Query.user missing User                null    null    null    null  null      null            null          null
Query.node own Post                    ok      ok      ok      ok    ok        ok              ok            ok
Query.node another's Post              ok      ok      ok      ok    ok        ok              ok            ok
Query.node missing Post                null    null    null    null  null      null            null          null
Query.node own User                    ok      ok      ok      ok    ok        ok              ok            ok
Query.node another's User              ok      ok      ok      ok    ok        ok              ok            ok
Query.node missing User                null    null    null    null  null      null            null          null
Query.node own Session                 null    null    null    null  ok        ok              ok            ok
Query.node another's Session           null    null    null    null  null      null            null          null
Query.node missing Session             null    null    null    null  null      null            null          null
Query.node own Event                   null    null    null    null  ok        ok              ok            ok
Query.node another's Event             null    null    null    null  null      null            null          null
Query.node missing Event               null    null    null    null  null      null            null          null
Query.nodes own Post                   ok      ok      ok      ok    ok        ok              ok            ok
Query.nodes another's Post             ok      ok      ok      ok    ok        ok              ok            ok
Query.nodes missing Post               null    null    null    null  null      null            null          null
Query.nodes own User                   ok      ok      ok      ok    ok        ok              ok            ok
Query.nodes another's User             ok      ok      ok      ok    ok        ok              ok            ok
Query.nodes missing User               null    null    null    null  null      null            null          null
Query.nodes own Session                null    null    null    null  ok        ok              ok            ok
Query.nodes another's Session          null    null    null    null  null      null            null          null
Query.nodes missing Session            null    null    null    null  null      null            null          null
Query.nodes own Event                  null    null    null    null  ok        ok              ok            ok
Query.nodes another's Event            null    null    null    null  null      null            null          null
Query.nodes missing Event              null    null    null    null  null      null            null          null
Query.limits                           ok      ok      ok      ok    ok        ok              ok            ok
Query.rateLimit                        MISSING INVALID EXPIRED ENDED ok        ok              ok            ok

Mutation.signup                        ok      ok      ok      ok    ok        ok              ok            ok
Mutation.login                         ok      ok      ok      ok    ok        ok              ok            ok
Mutation.refreshToken                  ok      ok      ok      InvalidTokenError ok ok           ok            ok
Mutation.logout                        MISSING INVALID EXPIRED ENDED ok        ok              ok            ok
Mutation.revokeSession own Session     MISSING INVALID EXPIRED ENDED ok        ok              ok            ok
Mutation.revokeSession another's Session MISSING INVALID EXPIRED ENDED NotFoundError NotFoundError NotFoundError NotFoundError
Mutation.revokeSession missing Session MISSING INVALID EXPIRED ENDED NotFoundError NotFoundError NotFoundError NotFoundError
Mutation.revokeOtherSessions           MISSING INVALID EXPIRED ENDED ok        ok              ok            ok
Mutation.changePassword                MISSING INVALID EXPIRED ENDED ok        ok              ok            ok
Mutation.requestPasswordReset          ok      ok      ok      ok    ok        ok              ok            ok
Mutation.resetPassword                 ok      ok      ok      ok    ok        ok              ok            ok
Mutation.requestEmailVerification      MISSING INVALID EXPIRED ENDED ok        ok              ok            ok
Mutation.verifyEmail                   ok      ok      ok      ok    ok        ok              ok            ok
Mutation.changeEmail                   MISSING INVALID EXPIRED ENDED ok        ok              ok            ok
Mutation.undoEmailChange               ok      ok      ok      ok    ok        ok              ok            ok
Mutation.updateProfile                 MISSING INVALID EXPIRED ENDED ok        ok              ok            ok
Mutation.exportAccount                 MISSING INVALID EXPIRED ENDED ok        ok              ok            ok
Mutation.deleteAccount                 MISSING INVALID EXPIRED ENDED ok        ok              ok            ok
Mutation.createPost                    MISSING INVALID EXPIRED ENDED FORBIDDEN ok              ok            ok
Mutation.updatePost own Post           MISSING INVALID EXPIRED ENDED FORBIDDEN ok              ok            ok
Mutation.updatePost another's Post     MISSING INVALID EXPIRED ENDED FORBIDDEN NotAllowedError ok            ok
Mutation.updatePost missing Post       MISSING INVALID EXPIRED ENDED FORBIDDEN NotFoundError   NotFoundError NotFoundError
Mutation.deletePost own Post           MISSING INVALID EXPIRED ENDED FORBIDDEN ok              ok            ok
Mutation.deletePost another's Post     MISSING INVALID EXPIRED ENDED FORBIDDEN NotAllowedError ok            ok
Mutation.deletePost missing Post       MISSING INVALID EXPIRED ENDED FORBIDDEN NotFoundError   NotFoundError NotFoundError

Subscription.postPublished             ok      INVALID EXPIRED ENDED ok        ok              ok            ok
`

// about are the types of what a root field can be about, by the field's name; a Node can be of any type that is one.
func about(schema *ast.Schema, field *ast.FieldDefinition) []string {
	byName := map[string]string{"postId": "Post", "sessionId": "Session", "PostLookup": "Post", "UserLookup": "User"}
	for _, argument := range field.Arguments {
		switch input := schema.Types[argument.Type.Name()]; {
		case !argument.Type.NonNull:
		case input.Name == "ID":
			var nodes []string
			for _, node := range schema.GetPossibleTypes(schema.Types["Node"]) {
				nodes = append(nodes, node.Name)
			}
			return nodes
		case byName[input.Name] != "":
			return []string{byName[input.Name]}
		default:
			for _, given := range input.Fields {
				if given.Type.Name() == "ID" {
					return []string{byName[given.Name]}
				}
			}
		}
	}
	return nil
}

// row is a line of the matrix.
type row struct {
	root, field string
	whose, kind string   // what it is about; "" if it is about nothing
	outcomes    []string // by caller
}

func (r row) String() string {
	return strings.TrimSpace(strings.Join([]string{r.root + "." + r.field, r.whose, r.kind}, " "))
}

// rows reads the matrix. Each root field of the schema must have all its rows, so that a new one cannot be forgotten.
func rows(t *testing.T, schema *ast.Schema) []row {
	t.Helper()
	var all []row
	for line := range strings.Lines(matrix) {
		words := strings.Fields(line)
		first := len(words) - len(callers())
		if len(words) == 0 || words[0] == "caller" {
			continue
		}
		r := row{outcomes: words[max(first, 0):]}
		switch root, field, _ := strings.Cut(words[0], "."); first {
		case 1:
			r.root, r.field = root, field
		case 3:
			r.root, r.field, r.whose, r.kind = root, field, words[1], words[2]
		default:
			t.Fatalf("%s: it has not as many outcomes as there are callers", strings.TrimSpace(line))
		}
		all = append(all, r)
	}
	missing := make(map[string]bool)
	for _, root := range []*ast.Definition{schema.Query, schema.Mutation, schema.Subscription} {
		for _, field := range root.Fields {
			kinds := about(schema, field)
			if kinds == nil && !strings.HasPrefix(field.Name, "__") {
				missing[row{root: root.Name, field: field.Name}.String()] = true
			}
			for _, kind := range kinds {
				for _, whose := range []string{"own", "another's", "missing"} {
					missing[row{root: root.Name, field: field.Name, whose: whose, kind: kind}.String()] = true
				}
			}
		}
	}
	for _, r := range all {
		if !missing[r.String()] {
			t.Errorf("%s is in the matrix twice, or is no field of the schema", r)
		}
		delete(missing, r.String())
	}
	for _, name := range slices.Sorted(maps.Keys(missing)) {
		t.Errorf("%s is not in the matrix: say who may do it", name)
	}
	return all
}

// play asks for what a row is about, as each caller.
func (c *cast) play(t *testing.T, r row, carry carrier) {
	t.Helper()
	root := c.schema.Types[r.root]
	field := root.Fields.ForName(r.field)
	query := operationOf(c.schema, root, field)
	for i, who := range callers() {
		p := c.party(t, who.role)
		thing, token := c.thing(t, r.kind, r.whose, p), c.token(t, p, who.refusal)
		variables := make(map[string]any)
		for _, argument := range field.Arguments {
			if argument.Type.NonNull {
				variables[argument.Name] = c.value(t, argument.Name, argument.Type, thing, p)
			}
		}
		untouched, before := r.root == "Query" || r.root == "Mutation" && r.outcomes[i] != "ok", ""
		if untouched {
			before = c.dump()
		}
		got := carry(t, c.server, token, map[string]any{"query": query, "variables": variables})
		outcome := outcomeOf(t, r.field, got.text)
		if outcome != r.outcomes[i] {
			t.Errorf("%s by %s = %s, want %s: %s", r, who.name, outcome, r.outcomes[i], got.text)
		}
		if untouched && outcome == r.outcomes[i] && c.dump() != before {
			t.Errorf("%s by %s changed something, and answered %s", r, who.name, got.text)
		}
		c.tells(t, r, who, thing, got)
		c.remember(r, who, outcome, thing, got)
	}
}

// tells checks that an answer tells who asks nothing that is not theirs to know.
func (c *cast) tells(t *testing.T, r row, who caller, thing string, got reply) {
	t.Helper()
	rest := strings.ReplaceAll(got.text, thing, "")
	for _, secret := range []string{c.other.email, c.other.SessionID.String(), c.other.access, c.other.refresh} {
		if strings.Contains(rest, secret) {
			t.Errorf("%s by %s tells what is another's: %s in %s", r, who.name, secret, got.text)
		}
	}
	bad := who.refusal != "" && who.refusal != auth.TokenMissing
	if said := got.header.Get("WWW-Authenticate"); got.header != nil && bad != strings.Contains(said, `error="invalid_token"`) {
		t.Errorf("%s by %s has WWW-Authenticate %q", r, who.name, said)
	}
	for permission, mutation := range map[string]string{"viewerCanUpdate": "updatePost", "viewerCanDelete": "deletePost"} {
		_, rest, found := strings.Cut(got.text, `"`+permission+`":`)
		if !found || r.kind != "Post" || r.root != "Query" {
			continue
		}
		for _, other := range c.rows {
			if other.field == mutation && other.whose == r.whose {
				may := other.outcomes[slices.IndexFunc(callers(), func(c caller) bool { return c.name == who.name })] == "ok"
				if says := strings.HasPrefix(rest, "true"); says != may {
					t.Errorf("%s by %s says %s: %v, but they may: %v", r, who.name, permission, says, may)
				}
			}
		}
	}
}

// remember keeps what was answered to who was refused, without what names the request.
func (c *cast) remember(r row, who caller, outcome, thing string, got reply) {
	if outcome == "ok" || r.whose == "" {
		return
	}
	header := got.header.Clone()
	for _, own := range []string{"X-Request-Id", "Date"} {
		header.Del(own)
	}
	key := strings.Join([]string{r.root + "." + r.field, r.kind, "by " + who.name + " = " + outcome}, " ")
	if c.transcripts[key] == nil {
		c.transcripts[key] = make(map[string]string)
	}
	c.transcripts[key][r.whose] = strings.ReplaceAll(fmt.Sprint(got.status, header, got.text), thing, "<id>")
}

// alike compares what came to the same: whether something is there must not be told by anything else.
func (c *cast) alike(t *testing.T) {
	t.Helper()
	for key, answers := range c.transcripts {
		for whose, answer := range answers {
			if other := answers["missing"]; other != "" && answer != other {
				t.Errorf("%s is told of %s:\n%s\nand of what is missing:\n%s", key, whose, answer, other)
			}
		}
	}
}

// outcomeOf is an answer in the words of the matrix.
func outcomeOf(t *testing.T, field, text string) string {
	t.Helper()
	var a struct {
		Data   map[string]json.RawMessage
		Errors []struct{ Extensions struct{ Code, Reason string } }
	}
	if err := json.Unmarshal([]byte(text), &a); err != nil {
		t.Fatalf("%s is answered %s: %v", field, text, err)
	}
	if len(a.Errors) > 0 {
		code, reason := a.Errors[0].Extensions.Code, a.Errors[0].Extensions.Reason
		if code != "UNAUTHENTICATED" {
			return code
		}
		return strings.TrimPrefix(strings.TrimPrefix(reason, "TOKEN_"), "SESSION_")
	}
	data := string(a.Data[field])
	if data == "[null]" { // of nodes
		return "null"
	}
	var payload struct {
		Errors []struct {
			Typename string `json:"__typename"`
		}
	}
	switch _ = json.Unmarshal([]byte(data), &payload); {
	case len(payload.Errors) > 0:
		return payload.Errors[0].Typename
	case data == "" || data == "null":
		return "null"
	default:
		return "ok"
	}
}

// TestMatrix asks each root field but subscriptions as each caller, for what is theirs, another's and nobody's.
func TestMatrix(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		c := newCast(t, url)
		for _, r := range c.rows {
			if r.root != "Subscription" {
				c.play(t, r, post)
			}
		}
		c.alike(t)
	})
}

// TestMatrixOverStreams asks for some of it over WebSockets and as events, and subscribes.
func TestMatrixOverStreams(t *testing.T) {
	for name, carry := range map[string]carrier{"WebSocket": socket, "events": events} {
		t.Run(name, func(t *testing.T) {
			c := newCast(t, storetest.SQLiteURL(t))
			for _, r := range c.rows {
				switch r.field {
				case "viewer", "createPost", "updatePost", "revokeSession":
					c.play(t, r, carry)
				case "postPublished":
					c.play(t, r, c.whilePublishing(t, carry))
				}
			}
			c.alike(t)
		})
	}
}
