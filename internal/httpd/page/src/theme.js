// Monaco takes its colours as values, not as CSS variables: these go with those of style.css.
const theme = (base, surface, { primary, comment, type, field, argument, text }) => ({
  base,
  inherit: true,
  rules: [
    { token: 'comment', foreground: comment },
    { token: 'keyword', foreground: primary },
    { token: 'number', foreground: argument },
    { token: 'string', foreground: text },
    { token: 'argument.identifier.gql', foreground: argument },
    { token: 'key.identifier.gql', foreground: field },
    { token: 'type.identifier.gql', foreground: type },
    { token: 'string.key.json', foreground: field },
    { token: 'string.value.json', foreground: text },
  ],
  colors: {
    'editor.background': '#00000000',
    'editorBracketHighlight.foreground1': primary,
    'editorBracketHighlight.foreground2': type,
    'editorBracketHighlight.foreground3': argument,
    'editorHoverWidget.background': surface,
    'editorLineNumber.activeForeground': primary,
    'editorLineNumber.foreground': comment,
    'editorSuggestWidget.background': surface,
    'editorSuggestWidget.selectedBackground': `${primary}22`,
    'editorSuggestWidget.selectedForeground': primary,
    'editorSuggestWidget.selectedIconForeground': primary,
    'editorWidget.background': surface,
    'list.focusHighlightForeground': primary,
    'list.highlightForeground': primary,
    'list.hoverBackground': `${primary}22`,
    'menu.background': surface,
    'menu.selectionBackground': `${primary}22`,
    'menu.selectionForeground': primary,
    'quickInput.background': surface,
    'quickInputList.focusBackground': `${primary}22`,
    'quickInputList.focusForeground': primary,
    'scrollbar.shadow': '#00000000',
    'textLink.activeForeground': primary,
    'textLink.foreground': primary,
    'toolbar.hoverBackground': `${primary}22`,
    focusBorder: primary,
  },
});

export const editorTheme = { light: 'postern-light', dark: 'postern-dark' };

export const themes = {
  [editorTheme.light]: theme('vs', '#ffffff', {
    primary: '#0f766e', comment: '#6b7a88', type: '#a05a00', field: '#25435c', argument: '#5b4bc4', text: '#9a4d0c',
  }),
  [editorTheme.dark]: theme('vs-dark', '#1b2a32', {
    primary: '#4fd1c0', comment: '#8298a6', type: '#f0b429', field: '#d3e2ec', argument: '#b3abff', text: '#f3c979',
  }),
};
