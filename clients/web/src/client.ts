// One function for all operations: the document says what it wants to be given, and what it answers.
import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { type GraphQLFormattedError, print } from 'graphql';

/** What a document is asked with: nothing, or its variables. They may be left out if none of them is required. */
type Arguments<Variables> = {} extends Variables ? [variables?: Variables] : [variables: Variables];

/** What the client could have known beforehand: no token, a limit, a wrong document. What depends on data is in `errors`. */
export class RequestError extends Error {
  readonly errors: readonly GraphQLFormattedError[];

  constructor(errors: readonly GraphQLFormattedError[]) {
    super(errors.map(({ message }) => message).join('\n'));
    this.errors = errors;
  }

  /** The code of the first error, as docs/errors.md lists them. */
  get code(): unknown {
    return this.errors[0]?.extensions?.['code'];
  }
}

/** Asks a Postern: by the text of documents, or by their hashes alone, if it was started with those (--persisted-documents). */
export class Client {
  readonly #url: string;
  readonly #persisted: boolean;

  /** Sent with each request, once there is one. */
  accessToken: string | undefined;

  constructor(url: string, { persisted = false } = {}) {
    this.#url = url;
    this.#persisted = persisted;
  }

  async ask<Data, Variables>(
    document: TypedDocumentNode<Data, Variables>,
    ...[variables]: Arguments<NoInfer<Variables>> // what is given must fit the document, never the other way round
  ): Promise<Data> {
    const response = await fetch(this.#url, {
      method: 'POST',
      headers: {
        Accept: 'application/graphql-response+json',
        'Content-Type': 'application/json',
        ...(this.accessToken && { Authorization: `Bearer ${this.accessToken}` }),
      },
      body: JSON.stringify({ ...this.#identify(document), variables }),
    });
    const { data, errors } = await response.json() as { data: Data; errors?: GraphQLFormattedError[] };
    if (errors) throw new RequestError(errors);
    return data;
  }

  #identify(document: TypedDocumentNode<unknown, never>) {
    return this.#persisted ? { documentId: hashOf(document) } : { query: print(document) };
  }
}

/** The hash that graphql-codegen wrote into a document. */
export function hashOf(document: object): string {
  const { __meta__ } = document as { __meta__?: { hash: string } };
  if (!__meta__) throw new TypeError('the document was made without a hash');
  return __meta__.hash;
}
