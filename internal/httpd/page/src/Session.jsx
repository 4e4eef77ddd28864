import { useEffect, useRef, useSyncExternalStore } from 'react';
import { pick, tryParseJSONC, useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { applyEdits, modify } from 'jsonc-parser';
import { authorizationKey, current, subscribe } from './session.js';

// Keeps the token in the headers editor of each tab, as the tab comes to the front, and says what it did.
export function Session() {
  const session = useSyncExternalStore(subscribe, current);
  const { tabs, activeTabIndex, headerEditor } = useGraphiQL(pick('tabs', 'activeTabIndex', 'headerEditor'));
  const { updateActiveTabValues } = useGraphiQLActions();
  const seen = useRef(new Map()).current;
  const tab = tabs[activeTabIndex].id;

  useEffect(() => {
    if (!headerEditor) return;
    const headers = withToken(headerEditor.getValue(), session, seen.get(tab));
    if (headers === null) return;
    seen.set(tab, session);
    if (headers === headerEditor.getValue()) return;
    headerEditor.setValue(headers);
    updateActiveTabValues({ headers }); // GraphiQL would do it a moment later, and by then another tab may be in front
  }, [session, tab, headerEditor]);

  return session.notice && <output className="notice">{session.notice}</output>;
}

// Answers with the text of a tab's headers as the session wants it; null if that text is no JSON object (yet). An
// Authorization that was taken away or changed by hand stays so until the next log-in.
function withToken(text, session, before) {
  let headers;
  try {
    headers = tryParseJSONC(text) ?? {};
  } catch {
    return null;
  }
  const key = authorizationKey(headers);
  const isOurs = before?.accessToken && headers[key] === `Bearer ${before.accessToken}`;
  const isFirst = session.accessToken && before?.login !== session.login;
  if (!isOurs && !isFirst) return text;
  const value = session.accessToken && `Bearer ${session.accessToken}`;
  return applyEdits(text, modify(text, [key], value, { formattingOptions: { insertSpaces: true, tabSize: 2 } }));
}
