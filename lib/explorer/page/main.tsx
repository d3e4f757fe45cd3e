import { render } from 'preact';
import { App } from './app.js';
import { LiveConnection } from './state/live-connection.js';
import { store } from './state/store.js';
import { startTheme } from './state/theme.js';

startTheme();
const connection = new LiveConnection(store);
const root = document.getElementById('explorer');
if (root) render(<App connection={connection} />, root);
connection.start();
