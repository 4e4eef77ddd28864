// What GraphiQL remembers. Its tabs and its history hold passwords and tokens, so they end with the browser tab; only how
// the page looks is kept for longer.
const prefix = 'postern:';
const looks = /(theme|visiblePlugin|Flex)$/;
const keptIn = (key) => (looks.test(key) ? localStorage : sessionStorage);
const stores = [localStorage, sessionStorage];
const ownKeys = (store) => Object.keys(store).filter((key) => key.startsWith(prefix));

export const storage = {
  getItem: (key) => keptIn(key).getItem(prefix + key),
  setItem: (key, value) => keptIn(key).setItem(prefix + key, value),
  removeItem: (key) => keptIn(key).removeItem(prefix + key),
  clear: () => stores.forEach((store) => ownKeys(store).forEach((key) => store.removeItem(key))),
  get length() {
    return stores.reduce((sum, store) => sum + ownKeys(store).length, 0);
  },
};
