import { createHash } from 'node:crypto';
import type { CodegenConfig } from '@graphql-codegen/cli';
import { addTypenameSelectionDocumentTransform } from '@graphql-codegen/client-preset';

const config: CodegenConfig = {
  schema: '../../schema.graphqls',
  documents: '../operations/*.graphql',
  generates: {
    'src/generated/': {
      preset: 'client',
      presetConfig: {
        fragmentMasking: false,
        // The bare digits, as Apollo's persisted queries send them; a document id puts `sha256:` before them.
        persistedDocuments: { hashAlgorithm: (text: string) => createHash('sha256').update(text).digest('hex') },
        skipIndexFile: true,
      },
      config: {
        importExtension: '.js',
        scalars: { DateTime: 'string', ID: 'string' },
        strictScalars: true,
        useTypeImports: true,
      },
      // Caches know an object by its type and id.
      documentTransforms: [addTypenameSelectionDocumentTransform],
    },
  },
};

export default config;
