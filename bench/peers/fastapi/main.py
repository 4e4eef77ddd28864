"""The blog as FastAPI's tutorial would have it: models, a dependency for who asks, and lists in memory, which come from SQLite once."""

import os
import sqlite3
from bisect import bisect_left

import jwt
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import OAuth2PasswordBearer
from pydantic import BaseModel


class Author(BaseModel):
    id: str
    name: str


class PostInList(BaseModel):
    id: str
    title: str
    createdAt: str
    author: Author


class Post(PostInList):
    content: str


class Account(Author):
    email: str


db = sqlite3.connect(os.environ["DATABASE_URL"])
accounts = {row[0]: Account(id=row[0], name=row[1], email=row[2]) for row in db.execute("SELECT id, name, email FROM users")}
posts = [
    Post(id=row[0], title=row[2], content=row[3], createdAt=row[4], author=Author(id=row[1], name=accounts[row[1]].name))
    for row in db.execute("SELECT id, author_id, title, content, created_at FROM posts ORDER BY id")
]
by_id = {post.id: post for post in posts}
ids = list(by_id)

app = FastAPI()
oauth2_scheme = OAuth2PasswordBearer(tokenUrl="token")


async def get_current_user(token: str = Depends(oauth2_scheme)):
    try:
        payload = jwt.decode(token, os.environ["JWT_SECRET"], algorithms=["HS256"], audience="postern")
        return accounts[payload["sub"]]
    except (jwt.PyJWTError, KeyError):
        raise HTTPException(status_code=401, headers={"WWW-Authenticate": "Bearer"})


@app.get("/posts/", response_model=list[PostInList])
async def read_posts(after: str, limit: int = 20):
    end = bisect_left(ids, after)
    return posts[max(end - limit, 0):end][::-1]


@app.get("/posts/{post_id}", response_model=Post)
async def read_post(post_id: str):
    if post_id not in by_id:
        raise HTTPException(status_code=404, detail="Post not found")
    return by_id[post_id]


@app.get("/users/me", response_model=Account)
async def read_users_me(current_user: Account = Depends(get_current_user)):
    return current_user
