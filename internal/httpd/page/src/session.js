// The tokens of whoever logged in on this page. They are in sessionStorage: they outlive a reload, and end with the tab.
import { post } from './http.js';

const KEY = 'postern:session';
const RENEW = `mutation Renew($refreshToken: String!) {
  refreshToken(input: { refreshToken: $refreshToken }) { tokens { accessToken refreshToken } }
}`;

const listeners = new Set();
let session = JSON.parse(sessionStorage.getItem(KEY)) ?? { login: 0 };
let issued = new Set([session.accessToken]);
let renewal = null;

export const current = () => session;

export function subscribe(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function change(next) {
  session = next;
  issued.add(session.accessToken);
  sessionStorage.setItem(KEY, JSON.stringify(session));
  listeners.forEach((listener) => listener());
}

// Takes tokens out of the answer of signup, login or refreshToken, and notes a logout, whatever the field is called there.
export function learn({ data }) {
  const payloads = Object.values(data ?? {});
  const tokens = payloads.find((payload) => payload?.tokens?.accessToken)?.tokens;
  if (tokens) {
    issued = new Set();
    const notice = 'Logged in: the access token is in the Headers of every tab.';
    change({ accessToken: tokens.accessToken, refreshToken: tokens.refreshToken, login: session.login + 1, notice });
  } else if (payloads.some((payload) => payload?.endedSessionId)) {
    end('Logged out.');
  }
}

export function end(notice = 'The session has ended: log in again.') {
  change({ login: session.login, notice });
}

export const authorizationKey = (headers) =>
  Object.keys(headers ?? {}).find((key) => key.toLowerCase() === 'authorization') ?? 'Authorization';

const tokenOf = (headers) => String(headers?.[authorizationKey(headers)]).replace(/^bearer +/i, '');

export const isCurrent = (headers) => Boolean(session.accessToken) && tokenOf(headers) === session.accessToken;

export const canRenew = (headers) => Boolean(session.refreshToken) && issued.has(tokenOf(headers));

// Answers with headers that carry a fresh token instead of an expired one of this session; null if there is none to be
// had. However many requests fail together, the refresh token is used once.
export async function renewed(headers) {
  if (!canRenew(headers)) return null;
  if (isCurrent(headers)) await (renewal ??= renew().finally(() => { renewal = null; }));
  if (!session.accessToken || isCurrent(headers)) return null;
  return { ...headers, [authorizationKey(headers)]: `Bearer ${session.accessToken}` };
}

async function renew() {
  const before = session;
  const { data } = await post({ query: RENEW, variables: { refreshToken: session.refreshToken } });
  if (session !== before || !data?.refreshToken) return;
  const { tokens } = data.refreshToken;
  if (tokens) change({ ...session, ...tokens, notice: 'The access token had expired and was renewed in every tab.' });
  else end();
}
