// Lints the schema, from the top of the repository: what is recommended, what Relay wants, and a description of everything.
import { join } from 'node:path';
import graphql from '@graphql-eslint/eslint-plugin';

const { configs, parser } = graphql;
const graphQLConfig = {
  schema: join(import.meta.dirname, '../../schema.graphqls'),
  documents: join(import.meta.dirname, '../operations/*.graphql'),
};

/** A value is known by what it is in, not by an id. */
const values = {
  types: ['AuthTokens', 'Limits', 'PageInfo', 'Quota', 'RateLimit', 'Viewer'],
  suffixes: ['Connection', 'Edge', 'Error', 'Payload'],
};

export default [
  {
    files: ['schema.graphqls'],
    languageOptions: { parser, parserOptions: { graphQLConfig } },
    plugins: { '@graphql-eslint': graphql },
    rules: {
      ...configs['flat/schema-recommended'].rules,
      ...configs['flat/schema-relay'].rules,
      '@graphql-eslint/require-description': ['error', {
        types: true,
        DirectiveDefinition: true,
        EnumValueDefinition: true,
        FieldDefinition: true,
        InputValueDefinition: true,
      }],
      '@graphql-eslint/strict-id-in-types': ['error', { exceptions: values }],
      // `nodes` and `errors` are lists, too.
      '@graphql-eslint/relay-edge-types': ['error', { listTypeCanWrapOnlyEdgeType: false }],
    },
  },
  {
    files: ['clients/operations/*.graphql'],
    languageOptions: { parser, parserOptions: { graphQLConfig } },
    plugins: { '@graphql-eslint': graphql },
    rules: configs['flat/operations-recommended'].rules,
  },
];
