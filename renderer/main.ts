import { mount } from 'svelte';
import { z } from 'zod';
import './theme/theme.css';
import './theme/base.css';
import App from './App.svelte';
import { router } from './routes/router.svelte.ts';
import { theme } from './theme/theme.svelte.ts';

// The policy of this page forbids making code from strings, which zod would try for speed.
z.config({ jitless: true });
theme.start();
router.start();

const target = document.querySelector('#app');
if (target === null) throw new Error('the page has no #app');
mount(App, { target });
