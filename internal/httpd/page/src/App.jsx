import { GraphiQL } from 'graphiql';
import { examples } from './examples.js';
import { fetcher } from './fetcher.js';
import gate from './gate.svg';
import { Session } from './Session.jsx';
import { storage } from './storage.js';
import { SystemTheme } from './SystemTheme.jsx';
import { editorTheme } from './theme.js';

// GraphiQL forgets the variables of the tab that it opens with, so they are handed to it.
const kept = JSON.parse(storage.getItem('graphiql:tabState'));
const opened = kept?.tabs[kept.activeTabIndex] ?? examples[0];

export const App = () => (
  <GraphiQL
    defaultEditorToolsVisibility="variables"
    defaultTabs={examples}
    editorTheme={editorTheme}
    fetcher={fetcher}
    initialQuery={opened.query ?? ''}
    initialVariables={opened.variables ?? ''}
    schemaDescription
    shouldPersistHeaders={false}
    storage={storage}
  >
    <GraphiQL.Logo>
      <img src={gate} alt="" />
      Postern
    </GraphiQL.Logo>
    <GraphiQL.Footer>
      <Session />
    </GraphiQL.Footer>
    <SystemTheme />
  </GraphiQL>
);
