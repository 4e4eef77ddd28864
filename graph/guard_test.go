package graph_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"postern/graph"
	"postern/internal/account"
)

// schemaOf is the schema that is served.
func schemaOf() *ast.Schema {
	return graph.NewExecutableSchema(graph.Config{Resolvers: &graph.Resolver{}}).Schema()
}

// unguarded are the fields of the schema that do without @auth, and why that is well.
func unguarded() []struct{ owner, fields, why string } {
	return []struct{ owner, fields, why string }{
		{"Query", "posts post user limits", "reading is open to all"},
		{"Query", "viewer", "nobody is null, and a bad token is told so"},
		{"Query", "node nodes", "posts and users are open to all, and of sessions and events the viewer's own are found alone"},
		{"Subscription", "postPublished", "reading is open to all, and posts are what everybody reads"},
		{"Mutation", "signup login refreshToken", "it is how one comes to a token"},
		{"Mutation", "requestPasswordReset", "who has forgotten a password cannot log in, and nobody is told whether there is an account"},
		{"Mutation", "resetPassword verifyEmail undoEmailChange", "it is for who has what a mail carried, wherever they read it"},

		{"Node", "id", "whoever asks for it has it"},
		{"Post", "id slug title content author createdAt updatedAt version", "posts are what everybody reads"},
		{"Post", "viewerCanUpdate viewerCanDelete", "it tells of who asks"},
		{"User", "id handle name createdAt posts", "it is what everybody sees of an author: nothing private"},
		{"PostConnection", "edges nodes pageInfo totalCount", "posts are what everybody reads"},
		{"PostEdge", "cursor node", "posts are what everybody reads"},
		{"PageInfo", "hasNextPage hasPreviousPage startCursor endCursor", "it is of the list that was asked for"},
		{"Limits", "body documentLength tokens depth introspectionDepth aliases rootFields mutationRootFields directives" +
			" directivesAtOnce repeatedFields variableDepth variableItems cost pageSize time subscriptions connectionsOfAccount" +
			" connectionsOfAddress", "clients have to know them"},

		{"Viewer", "user email emailVerified role sessions activity", "private: only its owner is answered one"},
		{"SessionConnection", "edges nodes pageInfo totalCount", "private: only a Viewer has one"},
		{"SessionEdge", "cursor node", "private: only a Viewer has one"},
		{"Session", "id userAgent ipAddress createdAt lastUsedAt expiresAt isCurrent", "private: only its owner is answered one"},
		{"EventConnection", "edges nodes pageInfo totalCount", "private: only a Viewer has one"},
		{"EventEdge", "cursor node", "private: only a Viewer has one"},
		{"Event", "id kind createdAt sessionId userAgent ipAddress role", "private: only its owner is answered one"},
		{"RateLimit", "posts", "private: only its owner is answered one"},
		{"Quota", "limit remaining resetAt", "private: only a RateLimit has one"},
		{"AuthTokens", "accessToken accessTokenExpiresAt refreshToken refreshTokenExpiresAt", "private: for who has proved it"},

		{"SignupPayload", "viewer tokens errors", payload},
		{"LoginPayload", "viewer tokens errors", payload},
		{"RefreshTokenPayload", "viewer tokens errors", payload},
		{"LogoutPayload", "endedSessionId", payload},
		{"RevokeSessionPayload", "revokedSessionId errors", payload},
		{"RevokeOtherSessionsPayload", "revokedSessionIds", payload},
		{"ChangePasswordPayload", "viewer errors", payload},
		{"RequestPasswordResetPayload", "errors", payload},
		{"ResetPasswordPayload", "errors", payload},
		{"RequestEmailVerificationPayload", "errors", payload},
		{"VerifyEmailPayload", "errors", payload},
		{"ChangeEmailPayload", "errors", payload},
		{"UndoEmailChangePayload", "errors", payload},
		{"UpdateProfilePayload", "viewer errors", payload},
		{"ExportAccountPayload", "export errors", payload},
		{"DeleteAccountPayload", "deletedUserId errors", payload},
		{"CreatePostPayload", "post errors", payload},
		{"UpdatePostPayload", "post errors", payload},
		{"DeletePostPayload", "deletedPostId errors", payload},
		{"UserError", "message path", payload},
		{"ValidationError", "message path", payload},
		{"TakenError", "message path", payload},
		{"InvalidCredentialsError", "message path", payload},
		{"InvalidTokenError", "message path", payload},
		{"NotFoundError", "message path", payload},
		{"NotAllowedError", "message path", payload},
		{"ConflictError", "message path current", payload},
	}
}

const payload = "it is what came of a mutation, for who was let through to it"

// TestEveryFieldIsGuarded walks over all fields of the schema: each carries @auth, or stands in the list above; and what is
// private is reached by its owner's ways alone.
func TestEveryFieldIsGuarded(t *testing.T) {
	schema := schemaOf()
	listed := make(map[string]string)
	private := map[string]bool{}
	for _, entry := range unguarded() {
		for field := range strings.FieldsSeq(entry.fields) {
			listed[entry.owner+"."+field] = entry.why
		}
		private[entry.owner] = strings.HasPrefix(entry.why, "private:")
	}
	for _, definition := range schema.Types {
		if definition.Kind != ast.Object && definition.Kind != ast.Interface || strings.HasPrefix(definition.Name, "__") {
			continue
		}
		for _, field := range definition.Fields {
			name := definition.Name + "." + field.Name
			guarded := field.Directives.ForName("auth") != nil
			switch why, open := listed[name]; {
			case strings.HasPrefix(field.Name, "__"): // of the language
			case guarded && open:
				t.Errorf("%s carries @auth, and is listed as if it did not", name)
			case !guarded && !open:
				t.Errorf("%s neither carries @auth nor is listed with a reason why not", name)
			case open && why == "":
				t.Errorf("%s is listed without a reason", name)
			}
			delete(listed, name)
			owners := private[definition.Name] || strings.HasSuffix(definition.Name, "Payload") || slices.Contains([]string{"Query.viewer", "Query.rateLimit"}, name)
			if private[field.Type.Name()] && !owners {
				t.Errorf("%s leads to a private %s, which only its owner may see", name, field.Type.Name())
			}
		}
	}
	for name := range listed {
		t.Errorf("%s is listed, and is no field", name)
	}
}

// TestNoInputSaysWhoAsks: who asks, and what they may do, comes of the token. An input names what it is about by an id, and
// never whose it is to be.
func TestNoInputSaysWhoAsks(t *testing.T) {
	schema := schemaOf()
	about := []string{"RevokeSessionInput.sessionId", "UpdatePostInput.postId", "DeletePostInput.postId"}
	somebody := regexp.MustCompile(`(?i)author|owner|user|viewer|account|role|admin|client`)
	var check func(at string, of *ast.Type)
	check = func(at string, of *ast.Type) {
		definition := schema.Types[of.Name()]
		if of.Name() == "ID" && !slices.Contains(about, at) {
			t.Errorf("%s is an id: an input names by one what it is about, and nothing else", at)
		}
		if definition.Kind == ast.Enum && definition.Name == "Role" {
			t.Errorf("%s is a role, which only the command gives", at)
		}
		for _, field := range definition.Fields {
			name := definition.Name + "." + field.Name
			if somebody.MatchString(field.Name) || field.Name == "id" {
				t.Errorf("%s says who asks, or whose something is to be: that is known by the token alone", name)
			}
			check(name, field.Type)
		}
	}
	for _, field := range schema.Mutation.Fields {
		for _, argument := range field.Arguments {
			check(field.Name+"."+argument.Name, argument.Type)
		}
	}
}

// TestEventKinds: the schema has each kind of event that is recorded, and no other.
func TestEventKinds(t *testing.T) {
	var inSchema []account.EventKind
	for _, value := range schemaOf().Types["EventKind"].EnumValues {
		inSchema = append(inSchema, account.EventKind(value.Name))
	}
	recorded := account.EventKinds()
	slices.Sort(inSchema)
	slices.Sort(recorded)
	if !slices.Equal(inSchema, recorded) {
		t.Errorf("the schema's kinds are %v, want those that are recorded, %v", inSchema, recorded)
	}
}
