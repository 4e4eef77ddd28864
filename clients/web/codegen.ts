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
        persistedDocuments: { hashAlgorithm: 'sha256' },
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
