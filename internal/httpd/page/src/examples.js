// The tabs that a newcomer finds: a walk from signing up to watching posts arrive. Each works as it stands.
const example = (query, variables) => ({
  query: query.trim(),
  variables: variables && JSON.stringify(variables, null, 2),
});

const account = { email: 'ada@example.com', password: 'the hinge sings at dusk' };

export const examples = [
  example(`
# 1 of 6. Open an account: press play.
# What it sends is in Variables, below.
# Ada has an account already? Go on to LogIn.

mutation SignUp($input: SignupInput!) {
  signup(input: $input) {
    viewer {
      user { id handle name }
      email
      role
    }
    tokens {
      accessToken
      refreshToken
      accessTokenExpiresAt
    }
    errors { __typename message path }
  }
}`, { input: { ...account, name: 'Ada Lovelace' } }),

  example(`
# 2 of 6. Log in. The page puts the token
# into the Headers of every tab: look below.

mutation LogIn($input: LoginInput!) {
  login(input: $input) {
    viewer {
      user { handle name }
      role
    }
    tokens {
      accessToken
      refreshToken
      accessTokenExpiresAt
    }
    errors { __typename message path }
  }
}`, { input: account }),

  example(`
# 3 of 6. Publish; this needs the token.
# Then change the title and publish another.

mutation CreatePost($input: CreatePostInput!) {
  createPost(input: $input) {
    post {
      id
      slug
      title
      version
      createdAt
      author { name }
    }
    errors { __typename message path }
  }
}`, { input: { title: 'Hello from the back gate', content: 'A **postern** is a small door in a great wall.' } }),

  example(`
# 4 of 6. Read. Everybody may, token or not.
# Put endCursor into "after" to turn the page.

query Posts($first: Int, $after: String) {
  posts(first: $first, after: $after) {
    nodes {
      title
      slug
      createdAt
      author { name handle }
    }
    pageInfo { hasNextPage endCursor }
    totalCount
  }
}`, { first: 5, after: null }),

  example(`
# 5 of 6. Who am I, where am I logged in, and
# what happened? Without a token it is null.

query Viewer {
  viewer {
    user { name handle }
    email
    role
    sessions(first: 5) {
      nodes {
        userAgent
        createdAt
        lastUsedAt
        isCurrent
      }
    }
    activity(first: 5) {
      nodes { kind createdAt ipAddress }
    }
  }
}`),

  example(`
# 6 of 6. Watch: press play; then log in and
# publish in a second window of this page.

subscription PostPublished {
  postPublished {
    title
    createdAt
    author { name }
  }
}`),
];
