import { z } from 'zod';

// The page's policy forbids making code from strings, which zod would try when a schema is made: so this comes before any schema.
z.config({ jitless: true });
void import('./start.ts');
