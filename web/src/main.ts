import { createPinia } from 'pinia';
import { createApp } from 'vue';
import App from './App.vue';
import { createPageRouter } from './router';
import './style.css';

const app = createApp(App);
app.use(createPinia());
app.use(createPageRouter());
app.mount('#app');
