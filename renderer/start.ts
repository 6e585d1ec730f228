import { mount } from 'svelte';
import './theme/theme.css';
import './theme/base.css';
import App from './App.svelte';
import { router } from './routes/router.svelte.ts';
import { theme } from './theme/theme.svelte.ts';

theme.start();
router.start();

const target = document.querySelector('#app');
if (target === null) throw new Error('the page has no #app');
mount(App, { target });
